/* Reads the test vectors: JSON in place, without a tree. A place is a pointer to the first character of a value; NULL
 * is a place that is not there. For files that are known to be well formed, and for nothing else. */
#ifndef JSON_H
#define JSON_H

#include <stddef.h>
#include <stdint.h>

const char *json_member(const char *object, const char *name);
const char *json_item(const char *array, size_t index);
int json_is_null(const char *value); /* or not there */
int json_is_true(const char *value);
int json_is_array(const char *value);
int json_is_object(const char *value);
uint64_t json_number(const char *value);               /* UINT64_MAX for null */
size_t json_text(const char *value, char *out, size_t size);
size_t json_hex(const char *value, uint8_t *out, size_t size);
int json_equals(const char *value, const char *text);
int json_hex_equals(const char *value, const uint8_t *bytes, size_t size);

#endif
