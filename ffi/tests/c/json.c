#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void broken(const char *what) {
    fprintf(stderr, "vectors: %s\n", what);
    exit(2);
}

static const char *space(const char *at) {
    while (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t') at++;
    return at;
}

static const char *skip(const char *at) {
    int depth = 0;
    do {
        at = space(at);
        if (*at == '"') {
            for (at++; *at != '"'; at++) {
                if (*at == '\\') at++;
                if (*at == 0) broken("a text has no end");
            }
            at++;
        } else if (*at == '{' || *at == '[') {
            depth++;
            at++;
        } else if (*at == '}' || *at == ']') {
            depth--;
            at++;
        } else if (*at == ',' || *at == ':') {
            at++;
        } else if (*at == 0) {
            broken("a value has no end");
        } else {
            while (*at && !strchr(",:]} \n\r\t", *at)) at++;
        }
    } while (depth > 0);
    return at;
}

const char *json_member(const char *object, const char *name) {
    const size_t length = strlen(name);
    if (!object || *(object = space(object)) != '{') return NULL;
    for (object = space(object + 1); *object == '"';) {
        const char *key = object + 1, *value = space(skip(object));
        value = space(value + 1);
        if (!strncmp(key, name, length) && key[length] == '"') return value;
        object = space(skip(value));
        if (*object == ',') object = space(object + 1);
    }
    return NULL;
}

const char *json_item(const char *array, size_t index) {
    if (!array || *(array = space(array)) != '[') return NULL;
    for (array = space(array + 1); *array != ']'; index--) {
        if (index == 0) return array;
        array = space(skip(array));
        if (*array == ',') array = space(array + 1);
    }
    return NULL;
}

int json_is_null(const char *value) {
    return !value || *value == 'n';
}

int json_is_true(const char *value) {
    return value && *value == 't';
}

int json_is_array(const char *value) {
    return value && *value == '[';
}

int json_is_object(const char *value) {
    return value && *value == '{';
}

uint64_t json_number(const char *value) {
    return json_is_null(value) ? UINT64_MAX : strtoull(value, NULL, 10);
}

static int nibble(char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static uint32_t unit(const char *at) {
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) value = value * 16 + (uint32_t)nibble(at[i]);
    return value;
}

static size_t utf8(uint32_t code, char *out) {
    const int more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    if (more == 0) {
        out[0] = (char)code;
        return 1;
    }
    out[0] = (char)((0xf00 >> more) | (code >> (6 * more)));
    for (int i = 1; i <= more; i++) out[i] = (char)(0x80 | ((code >> (6 * (more - i))) & 0x3f));
    return (size_t)more + 1;
}

size_t json_text(const char *value, char *out, size_t size) {
    size_t length = 0;
    if (!value || *value != '"') return 0;
    for (value++; *value != '"'; value++) {
        char bytes[4];
        size_t count = 1;
        bytes[0] = *value;
        if (*value == '\\') {
            static const char from[] = "bfnrt\"\\/", to[] = "\b\f\n\r\t\"\\/";
            value++;
            if (*value == 'u') {
                uint32_t code = unit(value + 1);
                value += 4;
                if (code >= 0xd800 && code < 0xdc00) {
                    code = 0x10000 + ((code - 0xd800) << 10) + (unit(value + 3) - 0xdc00);
                    value += 6;
                }
                count = utf8(code, bytes);
            } else {
                bytes[0] = to[strchr(from, *value) - from];
            }
        }
        if (length + count > size) broken("a text is longer than its buffer");
        memcpy(out + length, bytes, count);
        length += count;
    }
    return length;
}

size_t json_hex(const char *value, uint8_t *out, size_t size) {
    size_t length = 0;
    if (!value || *value != '"') return 0;
    for (value++; *value != '"'; value += 2) {
        if (length == size) broken("bytes are longer than their buffer");
        out[length++] = (uint8_t)(nibble(value[0]) << 4 | nibble(value[1]));
    }
    return length;
}

int json_equals(const char *value, const char *text) {
    const size_t length = strlen(text);
    return value && *value == '"' && !strncmp(value + 1, text, length) && value[length + 1] == '"';
}

int json_hex_equals(const char *value, const uint8_t *bytes, size_t size) {
    if (!value || *value != '"') return 0;
    for (value++; *value != '"'; value += 2, bytes++, size--) {
        if (size == 0 || (nibble(value[0]) << 4 | nibble(value[1])) != *bytes) return 0;
    }
    return size == 0;
}
