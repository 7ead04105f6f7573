"""An InfluxDB server as central speaks to it: lines in, Flux out."""
