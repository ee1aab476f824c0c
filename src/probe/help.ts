import {requirements} from './settings.ts';

export const help = `latchkey probe <url> [options]

Finds out how an endpoint treats idempotency keys, by sending real requests to it.
Use a test environment: every request may have an effect.

The request
  --method <method>         default POST
  --body <text | @file>     default none; JSON is recognised
  --header "Name: value"    again for each header
  --key-header <name>       default Idempotency-Key
  {{uuid}} in URL, headers and bodies is a new value for each operation.
  {{key}} in URL or bodies is the key, in place of a header.

More checks
  --other-body <text>       another payload; by default made from a JSON body
  --headers-b "Name: value" of a second caller (its Authorization): are keys shared?
  --error-header, --error-body
                            what makes the endpoint answer 5xx
  --slow, --slow-for <time> wait for the end of retention and leases (10m)
  --count <url | command>   says a number, a JSON list, or {"count": n} of effects

Running
  --yes                     needed unless the address is loopback
  --timeout <time>          for one exchange, default 10s
  --json                    the report as JSON on stdout
  --require <names>         of ${requirements.join(', ')}

Exit status: 0 done, 1 a requirement is not met, 2 misuse or refused (nothing was sent),
3 the endpoint could not be probed.
`;
