package delivery

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"creditmsg/internal/db"
	"creditmsg/internal/message"
	"creditmsg/internal/provider"
)

// This file lets all processes judge an account alike. A process that hands messages over
// may never see their reports, which another one takes in; so counts travel, not verdicts.

// topic is what the news of accounts is published under.
const topic = "carriers"

// news is what one process learnt since it last told.
type news struct {
	Legs  []legNews  `json:"legs,omitempty"`
	Calls []callNews `json:"calls,omitempty"`
}

type legNews struct {
	second
	counts
}

type callNews struct {
	Account string `json:"account"`
	Well    int    `json:"well,omitempty"`
	Failed  int    `json:"failed,omitempty"`
}

// gossip collects what this process learns, for the others.
type gossip struct {
	mu    sync.Mutex
	legs  map[second]counts
	calls map[string]callNews
	open  bool // something of the last minutes is still to be judged
}

func newGossip() *gossip {
	return &gossip{legs: map[second]counts{}, calls: map[string]callNews{}}
}

// learnCall takes in how a call of this process ended.
func (s *Service) learnCall(k *carrier, r provider.Result) {
	n := callNews{Account: k.Account.Name, Well: 1}
	if speaksAgainst(r) {
		n.Well, n.Failed = 0, 1
	}
	k.health.learn(n.Well, n.Failed)
	s.gossip.mu.Lock()
	defer s.gossip.mu.Unlock()
	sum := s.gossip.calls[n.Account]
	s.gossip.calls[n.Account] = callNews{n.Account, sum.Well + n.Well, sum.Failed + n.Failed}
}

// learnLegs takes in counts of this process.
func (s *Service) learnLegs(list map[second]counts) {
	if len(list) == 0 {
		return
	}
	for at, c := range list {
		if k, ok := s.carriers.byName[at.Account]; ok {
			k.health.count(at, c)
		}
	}
	s.gossip.mu.Lock()
	defer s.gossip.mu.Unlock()
	s.gossip.open = true
	for at, c := range list {
		s.gossip.legs[at] = s.gossip.legs[at].plus(c)
	}
}

// handed counts the legs of a call that the provider took.
func handed(c *call, r provider.Result) map[second]counts {
	if r.Outcome != provider.Accepted {
		return nil
	}
	out := map[second]counts{}
	for i, one := range c.members {
		if !r.Members[i].Refused {
			at := second{c.carrier.Account.Name, one.Channel(), c.attempt.CalledAt.Time().Unix()}
			out[at] = out[at].plus(counts{Handed: 1})
		}
	}
	return out
}

// toldInTime counts a report that ends a leg, if it came in time and does not speak of a
// failure of the provider itself.
func (t *take) toldInTime(account string, was message.Recipient, r provider.Report) {
	if !r.Final || was.HandedAt.IsZero() || t.tx.Now.Sub(was.HandedAt) > t.s.o.Late {
		return
	}
	c := counts{InTime: 1}
	switch {
	case r.Delivered:
		c.Delivered = 1
	case r.Reason == provider.Expired, r.Reason == provider.NetworkFailure, r.Reason == provider.ProviderInternal,
		r.Reason == provider.UnrecognisedCode, r.Reason.Operators():
		return
	}
	at := second{account, was.Channel(), was.HandedAt.Time().Unix()}
	t.told[at] = t.told[at].plus(c)
}

// hear takes in what another process learnt.
func (s *Service) hear(body []byte) {
	var n news
	if err := json.Unmarshal(body, &n); err != nil {
		s.o.Log.Warn("news of accounts not readable", slog.Any("error", err))
		return
	}
	for _, one := range n.Legs {
		if k, ok := s.carriers.byName[one.Account]; ok && one.Channel < provider.Channels {
			k.health.count(one.second, one.counts)
		}
	}
	for _, one := range n.Calls {
		if k, ok := s.carriers.byName[one.Account]; ok {
			k.health.learn(one.Well, one.Failed)
		}
	}
	if len(n.Legs) > 0 {
		s.gossip.mu.Lock()
		s.gossip.open = true
		s.gossip.mu.Unlock()
	}
}

// Judge takes into account what had its time, and tells other processes what this one
// learnt since it was last called.
func (s *Service) Judge(ctx context.Context) error {
	defer s.carriers.observe()
	body, err := s.gossip.collect()
	if err != nil {
		return err
	}
	if s.o.Bus != nil && body != nil {
		s.o.Bus.Publish(topic, body)
	}
	s.gossip.mu.Lock()
	open := s.gossip.open
	s.gossip.mu.Unlock()
	if !open {
		return nil
	}
	var now db.Time
	if err := s.d.View(ctx, "delivery_judge", func(tx *db.Tx) error { now = tx.Now; return nil }); err != nil {
		return fmt.Errorf("judge accounts: %w", err)
	}
	left := false
	for _, k := range s.carriers.list {
		left = k.health.judge(now) || left
	}
	s.gossip.mu.Lock()
	defer s.gossip.mu.Unlock()
	s.gossip.open = left || len(s.gossip.legs) > 0
	return nil
}

// collect gives what was learnt since it was last called; nil = nothing.
func (g *gossip) collect() ([]byte, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	var n news
	for at, c := range g.legs {
		n.Legs = append(n.Legs, legNews{at, c})
	}
	for _, c := range g.calls {
		n.Calls = append(n.Calls, c)
	}
	clear(g.legs)
	clear(g.calls)
	if len(n.Legs)+len(n.Calls) == 0 {
		return nil, nil
	}
	slices.SortFunc(n.Legs, func(a, b legNews) int { return int(a.At - b.At) })
	body, err := json.Marshal(n)
	if err != nil {
		return nil, fmt.Errorf("write news of accounts: %w", err)
	}
	return body, nil
}
