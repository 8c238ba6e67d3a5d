/* SPDX-License-Identifier: MIT */
/* The malloc() of the program, which can say no. */
#include "nomem.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define REAL(name) __interceptor_##name
#else
#define REAL(name) __libc_##name
#endif
void *REAL(malloc)(size_t size);
void *REAL(calloc)(size_t count, size_t size);
void *REAL(realloc)(void *memory, size_t size);
void REAL(free)(void *memory);
void *REAL(memalign)(size_t alignment, size_t size);

/* The libraries must find these. */
#pragma GCC visibility push(default)
void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *memory, size_t size);
void free(void *memory);
char *strdup(const char *text);
void *memalign(size_t alignment, size_t size);
void *aligned_alloc(size_t alignment, size_t size);
int posix_memalign(void **ret, size_t alignment, size_t size);
#pragma GCC visibility pop

static __thread int countdown; /* the allocation that is refused; 0: none */
static __thread bool spent;    /* it came */
static _Atomic long live;
static bool own_only;

/* Where the code of an object lies. */
typedef struct range {
    const char *name; /* a part of the object's; "": the program, with the library in it */
    uintptr_t from, until;
} range;
static range glib = {"libglib-2.0", 0, 0}, json = {"libjson-c", 0, 0}, program = {"", 0, 0};

static int find(struct dl_phdr_info *info, size_t size, void *arg) {
    range *wanted = arg;
    (void)size;
    if (wanted->name[0] ? !strstr(info->dlpi_name, wanted->name) : info->dlpi_name[0] != '\0')
        return 0;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        if (info->dlpi_phdr[i].p_type == PT_LOAD && info->dlpi_phdr[i].p_flags & PF_X) {
            wanted->from = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
            wanted->until = wanted->from + info->dlpi_phdr[i].p_memsz;
        }
    }
    return 1;
}

static bool is_in(const range *object, const void *code) {
    return (uintptr_t)code >= object->from && (uintptr_t)code < object->until;
}

void nomem_refuse(int n, bool own) {
    if (glib.from == 0) {
        dl_iterate_phdr(find, &glib);
        dl_iterate_phdr(find, &json);
        dl_iterate_phdr(find, &program);
    }
    spent = false;
    own_only = own;
    countdown = n;
}

bool nomem_ended(void) {
    countdown = 0;
    return spent;
}

long nomem_live(void) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return 0; /* strdup() and others of theirs do not allocate here; LeakSanitizer counts for itself */
#else
    return atomic_load(&live);
#endif
}

static bool refused(const void *caller) {
    if (countdown == 0 || is_in(&glib, caller) || is_in(&json, caller) || (own_only && !is_in(&program, caller)) || --countdown > 0)
        return false;
    spent = true;
    errno = ENOMEM;
    return true;
}

static void *count(void *memory) {
    if (memory)
        atomic_fetch_add(&live, 1);
    return memory;
}

void *malloc(size_t size) {
    return refused(__builtin_return_address(0)) ? NULL : count(REAL(malloc)(size));
}

void *calloc(size_t number, size_t size) {
    return refused(__builtin_return_address(0)) ? NULL : count(REAL(calloc)(number, size));
}

void *realloc(void *memory, size_t size) {
    if (refused(__builtin_return_address(0)))
        return NULL;
    void *moved = REAL(realloc)(memory, size);
    if (!memory)
        count(moved);
    else if (size == 0 && !moved)
        atomic_fetch_sub(&live, 1);
    return moved;
}

char *strdup(const char *text) {
    size_t size = strlen(text) + 1;
    bool no = !own_only && refused(__builtin_return_address(0));
    char *copy = no ? NULL : count(REAL(malloc)(size));
    return copy ? memcpy(copy, text, size) : NULL;
}

void free(void *memory) {
    if (memory)
        atomic_fetch_sub(&live, 1);
    REAL(free)(memory);
}

void *memalign(size_t alignment, size_t size) {
    return refused(__builtin_return_address(0)) ? NULL : count(REAL(memalign)(alignment, size));
}

void *aligned_alloc(size_t alignment, size_t size) {
    return refused(__builtin_return_address(0)) ? NULL : count(REAL(memalign)(alignment, size));
}

int posix_memalign(void **ret, size_t alignment, size_t size) {
    if (refused(__builtin_return_address(0)))
        return ENOMEM;
    void *memory = count(REAL(memalign)(alignment, size));
    if (memory)
        *ret = memory;
    return memory ? 0 : ENOMEM;
}
