#pragma once
#include <stddef.h>

/// A text that is part of the program: the schemas of one API group version, the resource catalogue, or the descriptions of fields.
/// The format is described where it is read, in KubernetesAPI/Schema.
typedef struct apus_table {
    const char *name;
    const unsigned char *bytes;
    size_t size;
} apus_table;

/// The table at an index; beyond the last one, a table whose name is null.
apus_table apus_table_at(size_t index);
