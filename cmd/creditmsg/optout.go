package main

import (
	"context"
	"fmt"

	"creditmsg/internal/server"
)

// optOutVerb works on whom a site may not write to.
type optOutVerb struct {
	Add    optOutAdd    `cmd:"" help:"Note that somebody opted out."`
	Remove optOutRemove `cmd:"" help:"Take an opt-out back."`
	List   optOutList   `cmd:"" help:"List who opted out, the newest first."`
	Import optOutImport `cmd:"" help:"Import the list of an 080 provider."`
}

type optOutAdd struct {
	Site   string `arg:"" help:"The site."`
	Number string `arg:"" help:"The mobile number."`
	Scope  string `enum:"advertising,all" default:"advertising" help:"What the person does not want: advertising, or all messages."`
	database
}

// Run adds it.
func (v *optOutAdd) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		o, err := p.AddOptOut(ctx, v.Site, v.Number, v.Scope)
		if err != nil {
			return nil, nil, err
		}
		return o, func(t *table) { t.row(o.To, o.Scope) }, nil
	})
}

type optOutRemove struct {
	Site   string `arg:"" help:"The site."`
	Number string `arg:"" help:"The mobile number."`
	database
}

// Run removes it.
func (v *optOutRemove) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		if err := p.RemoveOptOut(ctx, v.Site, v.Number); err != nil {
			return nil, nil, err
		}
		return map[string]string{"removed": v.Number}, func(t *table) { t.say("%s may be written to again", v.Number) }, nil
	})
}

type optOutList struct {
	Site  string `arg:"" help:"The site."`
	Limit int    `default:"50" help:"How many."`
	database
}

// Run lists them.
func (v *optOutList) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		list, err := p.OptOuts(ctx, v.Site, v.Limit)
		if err != nil {
			return nil, nil, err
		}
		return list, func(t *table) {
			t.row("NUMBER", "DOES NOT WANT", "BY", "SINCE")
			for _, o := range list.Data {
				t.row(o.To, o.Scope, o.Source, minute(o.CreatedAt))
			}
		}, nil
	})
}

type optOutImport struct {
	Site   string `arg:"" help:"The site."`
	File   string `arg:"" help:"CSV file (UTF-8 or CP949), or a bare list of numbers."`
	Scope  string `enum:"advertising,all" default:"advertising" help:"What these people do not want."`
	Column string `placeholder:"COLUMN" help:"Column of the numbers; without it one with a usual name."`
	database
}

// Run imports the file.
func (v *optOutImport) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		done, err := p.ImportOptOuts(ctx, v.Site, v.File, v.Scope, v.Column)
		if err != nil {
			return nil, nil, err
		}
		return done, func(t *table) {
			t.row("lines", grouped(done.Total))
			t.row("added", fmt.Sprintf("%s, widened %s, there already %s", grouped(done.Added), grouped(done.Widened), grouped(done.Unchanged)))
			t.row("rejected", grouped(done.Rejected))
			for _, r := range done.Rejections {
				t.row("", fmt.Sprintf("line %d: %s", r.Line, r.Detail))
			}
		}, nil
	})
}
