package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"creditmsg/internal/server"
)

// policyVerb works on strategies of sites' own.
type policyVerb struct {
	Set    policySet    `cmd:"" help:"Write a strategy of the site's own."`
	Remove policyRemove `cmd:"" help:"Remove one."`
	List   policyList   `cmd:"" help:"List them."`
}

type policySet struct {
	Site string `arg:"" help:"The site."`
	Name string `arg:"" help:"The strategy's name."`
	File string `required:"" placeholder:"FILE" help:"Its steps as JSON (- is standard input)."`
	database
}

// Help is shown below the flags' own help.
func (policySet) Help() string {
	return `Steps stand in their order, each with what has to hold for a recipient to take it:
  [{"send": "alimtalk", "when": {"text_is": ["lms", "mms"], "reported_off_kakao": false}},
   {"send": "text"}]
Conditions: text_is, price_at_most, not_dearer, reported_off_kakao, hours {from, until}.`
}

// Run writes it.
func (v *policySet) Run(ctx context.Context, s *streams) error {
	text, err := v.text(s.in)
	if err != nil {
		return err
	}
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		one, err := p.SetPolicy(ctx, v.Site, v.Name, text)
		return shown(one, err, func(t *table, p server.Policy) { showPolicies(t, p) })
	})
}

func (v *policySet) text(stdin io.Reader) (text []byte, err error) {
	if v.File == "-" {
		text, err = io.ReadAll(stdin)
	} else {
		text, err = os.ReadFile(v.File)
	}
	if err != nil {
		return nil, fmt.Errorf("read the steps: %w", err)
	}
	return text, nil
}

type policyRemove struct {
	Site string `arg:"" help:"The site."`
	Name string `arg:"" help:"The strategy's name."`
	database
}

// Run removes it.
func (v *policyRemove) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		if err := p.RemovePolicy(ctx, v.Site, v.Name); err != nil {
			return nil, nil, err
		}
		return map[string]string{"removed": v.Name}, func(t *table) { t.say("%s is removed; messages that were accepted still go by it", v.Name) }, nil
	})
}

type policyList struct {
	Site string `arg:"" help:"The site."`
	database
}

// Run lists them.
func (v *policyList) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		list, err := p.Policies(ctx, v.Site)
		return shown(list, err, func(t *table, l server.List[server.Policy]) { showPolicies(t, l.Data...) })
	})
}

func showPolicies(t *table, list ...server.Policy) {
	t.row("NAME", "STEP", "SENDS", "WHEN")
	for _, one := range list {
		for i, step := range one.Steps {
			when := "always"
			if step.When != nil {
				text, _ := json.Marshal(step.When) // plain values always marshal
				when = string(text)
			}
			t.row(one.Name, fmt.Sprint(i+1), string(step.Send), when)
		}
	}
}
