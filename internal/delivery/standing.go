package delivery

import (
	"fmt"

	"creditmsg/internal/money"
	"creditmsg/internal/provider"
)

// Standing is how an account does, as the operator is told.
type Standing struct {
	Name     string            `json:"name"`
	Kind     string            `json:"kind"`
	Breaker  string            `json:"breaker" enum:"closed,half_open,open" doc:"Open: its calls fail, so none goes to it for a while."`
	Hanging  bool              `json:"hanging" doc:"It does not answer a call."`
	Weight   int               `json:"weight"`
	Priority int               `json:"priority" doc:"Accounts of a lower number are used first."`
	Sites    []string          `json:"sites" doc:"Whose account it is; empty = everybody's."`
	Test     bool              `json:"test" doc:"It reaches nobody, and serves test sites alone."`
	Channels []ChannelStanding `json:"channels"`
}

// ChannelStanding is how one channel of an account does.
type ChannelStanding struct {
	Channel string        `json:"channel" enum:"alimtalk,sms,lms,mms"`
	Share   string        `json:"share" doc:"The part of its usual traffic that it gets, from 0.00 to 1.00."`
	Rate    *string       `json:"delivery_rate" doc:"The share of its messages of the last half hour or so that were delivered in time; null where there were few."`
	Cost    *money.Amount `json:"cost" doc:"What the vendor charges for a delivered message; null where it is not configured."`
}

// Standings tells how the accounts do, in the order of the configuration.
func (s *Service) Standings() []Standing {
	out := make([]Standing, 0, len(s.carriers.list))
	for _, k := range s.carriers.list {
		one := Standing{Name: k.Account.Name, Kind: k.Account.Kind, Breaker: breakerWord(k), Hanging: k.health.hanging(),
			Weight: max(k.Account.Weight, 1), Priority: k.Account.Priority, Sites: append([]string{}, k.Account.Sites...), Test: k.Account.Test}
		for _, ch := range k.caps.Channels {
			one.Channels = append(one.Channels, s.channelStanding(k, ch))
		}
		out = append(out, one)
	}
	return out
}

func breakerWord(k *carrier) string {
	return [...]string{"closed", "half_open", "open"}[int(breakerLevel(k.health.calls.State()))]
}

func (s *Service) channelStanding(k *carrier, ch provider.Channel) ChannelStanding {
	c := ChannelStanding{Channel: ch.String(), Share: fmt.Sprintf("%.2f", k.health.share(ch))}
	if rate, known := k.health.rate(ch); known {
		text := fmt.Sprintf("%.4f", rate)
		c.Rate = &text
	}
	if cost, known := k.Account.Costs[ch]; known {
		c.Cost = &cost
	}
	return c
}
