/* SPDX-License-Identifier: MIT */
/* Structs of callers of any version: whatever struct_size says, nothing behind the struct is read, and what a
 * newer caller set is refused rather than dropped. */
#include <stdlib.h>
#include <string.h>

#include "entity/internal.h"
#include "fuzz.h"

/* As libraries of different versions know it. */
typedef struct options {
    size_t struct_size;
    int32_t number;
    int32_t other;
    const char *text;
} options;

enum { MOST = 300 };

/* A struct in memory of the size that it claims, or of a smaller one where the claim must be refused first.
 */
static char *make(fuzz_bytes *in, size_t *ret_claimed) {
    size_t claimed = fuzz_byte(in) % 3 ? fuzz_word(in) % MOST : fuzz_word(in);
    size_t room = claimed <= MOST ? claimed : sizeof claimed;
    if (room < sizeof claimed)
        room = sizeof claimed;
    char *memory = malloc(room);
    if (!memory)
        abort();
    fuzz_fill(in, memory, room);
    memcpy(memory, &claimed, sizeof claimed);
    *ret_claimed = claimed;
    return memory;
}

static bool is_zero(const char *from, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (from[i])
            return false;
    return true;
}

/* Claims between MOST and the library's own bound would be believed, and the memory is not there. */
static bool is_honest(size_t claimed) {
    return claimed <= MOST || claimed > 65536;
}

static void check_copy(const char *given, size_t claimed) {
    options copy, before;
    memset(&copy, 0x5A, sizeof copy);
    before = copy;
    trdb_error *err = NULL;
    int code = trdbi_copy_struct(&copy, sizeof copy, given, "trdb_options", &err);
    bool wanted = claimed >= sizeof claimed && claimed <= MOST &&
                  (claimed <= sizeof copy || is_zero(given + sizeof copy, claimed - sizeof copy));
    FUZZ_CHECK((code == 0) == wanted && code == trdb_error_code(err));
    if (code < 0) {
        FUZZ_CHECK(code == TRDB_E_INVALID && memcmp(&copy, &before, sizeof copy) == 0);
    } else {
        size_t known = claimed < sizeof copy ? claimed : sizeof copy;
        const char *bytes = (const char *)&copy;
        FUZZ_CHECK(copy.struct_size == sizeof copy);
        FUZZ_CHECK(memcmp(bytes + sizeof claimed, given + sizeof claimed, known - sizeof claimed) == 0);
        FUZZ_CHECK(is_zero(bytes + known, sizeof copy - known));
    }
    trdb_error_free(err);
}

static void check_open(fuzz_bytes *in, const char *given, size_t claimed) {
    trdbi_in opened;
    trdb_error *err = NULL;
    size_t known = sizeof claimed + fuzz_byte(in), room = fuzz_byte(in) % 2 ? SIZE_MAX : fuzz_byte(in);
    int code = trdbi_in_open(&opened, given, known, room, trdbi_tables[0], "_new", &err);
    bool wanted = claimed >= sizeof claimed && claimed <= MOST && claimed <= room &&
                  (claimed <= known || is_zero(given + known, claimed - known));
    FUZZ_CHECK((code == 0) == wanted && code == trdb_error_code(err));
    if (code == 0) {
        uint64_t word;
        size_t offset = fuzz_byte(in);
        trdbi_in_read(&opened, offset, &word, sizeof word);
        FUZZ_CHECK(offset + sizeof word <= claimed || word == 0);
        FUZZ_CHECK(offset + sizeof word > claimed || memcmp(&word, given + offset, sizeof word) == 0);
    }
    trdb_error_free(err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_bytes in = {data, size};
    size_t claimed;
    char *given = make(&in, &claimed);
    if (is_honest(claimed)) {
        check_copy(given, claimed);
        check_open(&in, given, claimed);
    }
    free(given);
    return 0;
}
