-- Configures wrk's requests, and prints the measurement as one line of JSON.
-- With arguments, every request is a POST with that file as its body, and accepts these media types.

function init(arguments)
  if arguments[1] then
    local file = assert(io.open(arguments[1], "rb"))
    wrk.method = "POST"
    wrk.body = file:read("*a")
    wrk.headers["Content-Type"] = "application/json"
    wrk.headers["Accept"] = arguments[2]
    file:close()
  end
end

function done(summary, latency, _)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "microseconds": %d, "p50": %d, "p99": %d, "failed": %d, "refused": %d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.timeout, errors.status
  ))
end
