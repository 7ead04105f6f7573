"""Tables as Parquet, written quickly and read with bounds: a small file can claim more rows than a machine holds."""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from central.register.manifest import RunError

MOST_ROWS: Final = 50_000_000
MOST_VALUES: Final = 12 * MOST_ROWS
MOST_WORD_BYTES: Final = 4 * 2**30
"""Of one text column once its dictionary is undone."""


def parquet_bytes(table: pa.Table) -> pa.Buffer:
    """The table as a Parquet file."""
    sink = pa.BufferOutputStream()
    words = [field.name for field in table.schema if _worded(field.type)]
    numbers = {
        field.name: "DELTA_BINARY_PACKED"
        for field in table.schema
        if pa.types.is_int64(field.type) or pa.types.is_timestamp(field.type)
    }
    pq.write_table(
        table,
        sink,
        compression="lz4",
        use_dictionary=words,
        column_encoding=numbers,
        write_statistics=False,
        row_group_size=max(1, table.num_rows),
    )
    return sink.getvalue()


def read_parquet(content: pa.Buffer, schema: pa.Schema | None, rows: int | None, where: str) -> pa.Table:
    """Read a table; ``schema``: columns that must be there, as they are wanted. More columns are kept.

    Raises:
        RunError: it isn't such a table, has another number of rows, or is larger than any month.
    """
    try:
        file = pq.ParquetFile(pa.BufferReader(content))
        if file.metadata.num_rows > MOST_ROWS or (rows is not None and file.metadata.num_rows != rows):
            raise RunError(f"{where}: {file.metadata.num_rows} rows, not {MOST_ROWS if rows is None else rows}")
        found = file.schema_arrow
        if (count := _values(file.metadata)) > MOST_VALUES:
            raise RunError(f"{where}: {count} values are more than any month's")
        if schema is not None and (odd := [field.name for field in found if _nested(field, schema)]):
            raise RunError(f"{where}: the column {odd[0][:60]} holds more than one value in a row")
        words = [field.name for field in found if _worded(field.type)]
        table = pq.read_table(pa.BufferReader(content), read_dictionary=words)
        return _as_wanted(table, found, schema, where)
    except (pa.ArrowException, OSError, KeyError) as error:
        raise RunError(f"{where}: isn't a Parquet table that can be read: {str(error)[:200]}") from error


def _as_wanted(table: pa.Table, found: pa.Schema, schema: pa.Schema | None, where: str) -> pa.Table:
    wanted = {field.name: _as_ours(field) for field in found}
    for field in schema or ():
        if field.name in wanted:
            wanted[field.name] = field
    for field in wanted.values():
        column = table[field.name]
        if pa.types.is_dictionary(column.type) and not pa.types.is_dictionary(field.type):
            longest = max((pc.max(pc.binary_length(one.dictionary)).as_py() or 0 for one in column.chunks), default=0)
            if longest * len(column) > MOST_WORD_BYTES:
                raise RunError(f"{where}: the column {field.name} is larger than any month's")
    return pa.table({name: table[name].cast(field.type) for name, field in wanted.items()}, pa.schema(wanted.values()))


def _as_ours(field: pa.Field) -> pa.Field:
    """Parquet knows no seconds; whatever of ours is in milliseconds there is in seconds."""
    kind = field.type
    return field.with_type(pa.timestamp("s", kind.tz)) if pa.types.is_timestamp(kind) and kind.unit == "ms" else field


def _values(said: pq.FileMetaData) -> int:
    groups = [said.row_group(i) for i in range(said.num_row_groups)]
    named = sum(group.column(k).num_values for group in groups for k in range(group.num_columns))
    return int(max(named, said.num_rows * said.num_columns))


def _nested(field: pa.Field, schema: pa.Schema) -> bool:
    ours = field.name in schema.names and pa.types.is_nested(schema.field(field.name).type)
    return bool(pa.types.is_nested(field.type) and not ours)


def _worded(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or (pa.types.is_dictionary(kind) and pa.types.is_string(kind.value_type)))
