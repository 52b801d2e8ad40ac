package limit

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"
)

// script does what memory.take does. Its time is Redis', which is the same for all processes.
// ARGV has two numbers for each key: what it costs, and the room of its rule.
var script = redis.NewScript(`
local t = redis.call('TIME')
local now = tonumber(t[1]) * 1000000 + tonumber(t[2])
local owed, passed = {}, 1
for i, key in ipairs(KEYS) do
  local cost, room = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local o = math.max((tonumber(redis.call('GET', key) or '0') or 0) - now, 0)
  owed[i] = o
  if cost > room then
    if o > 0 then passed = 0 end
  elseif cost > 0 and o + cost > room then
    passed = 0
  end
end
if passed == 1 then
  for i, key in ipairs(KEYS) do
    local cost = tonumber(ARGV[2 * i - 1])
    if cost ~= 0 then
      owed[i] = math.max(owed[i] + cost, 0)
      if owed[i] > 0 then
        redis.call('SET', key, string.format('%.0f', now + owed[i]), 'PX', string.format('%.0f', math.ceil(owed[i] / 1000)))
      else
        redis.call('DEL', key)
      end
    end
  end
end
local out = {passed}
for i, o in ipairs(owed) do out[i + 1] = string.format('%.0f', o) end
return out
`)

// Redis is the store that processes share.
type Redis struct {
	client redis.UniversalClient
}

// OpenRedis prepares the store at an address, of one of the Forms. Nothing
// is connected yet: that happens when it is needed.
func OpenRedis(address string) (*Redis, error) {
	client, err := connect(address)
	if err != nil {
		return nil, err
	}
	return &Redis{client}, nil
}

// Ping asks whether Redis answers.
func (r *Redis) Ping(ctx context.Context) error {
	if err := r.client.Ping(ctx).Err(); err != nil {
		return fmt.Errorf("ask Redis: %w", err)
	}
	return nil
}

// ErrClosed is the error of a Redis that was closed before.
var ErrClosed = redis.ErrClosed

// Close lets the connections go.
func (r *Redis) Close() error { return r.client.Close() }

var errReply = errors.New("the reply is not what the script gives")

func (r *Redis) take(ctx context.Context, k Key, takes []Take) ([]int64, bool, error) {
	names, args := make([]string, len(takes)), make([]any, 0, 2*len(takes))
	for i, t := range takes {
		names[i] = k.name(t)
		args = append(args, t.cost(t.N), t.room())
	}
	reply, err := script.Run(ctx, r.client, names, args...).Slice()
	if err != nil {
		return nil, false, fmt.Errorf("ask Redis for limits: %w", err)
	}
	if len(reply) != len(takes)+1 {
		return nil, false, errReply
	}
	passed, ok := reply[0].(int64)
	if !ok {
		return nil, false, errReply
	}
	owed := make([]int64, len(takes))
	for i := range owed {
		text, _ := reply[i+1].(string)
		if owed[i], err = strconv.ParseInt(text, 10, 64); err != nil {
			return nil, false, errReply
		}
	}
	return owed, passed == 1, nil
}
