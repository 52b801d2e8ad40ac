package main

import (
	"context"

	"creditmsg/internal/server"
)

// templateNamed names a template and provider accounts.
type templateNamed struct {
	Site     string   `arg:"" help:"The site."`
	Code     string   `arg:"" help:"The template's code."`
	Provider []string `placeholder:"NAME" help:"A provider account; repeated. Without it all where it can be."`
	database
}

// ask asks for something about the template, and shows where it stands.
func (v *templateNamed) ask(ctx context.Context, s *streams, verb, comment string) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		made, err := p.AskTemplate(ctx, verb, v.Site, v.Code, v.Provider, comment)
		if err != nil {
			return nil, nil, err
		}
		return made, func(t *table) {
			t.row(made.Code, made.State)
			for _, r := range made.Registrations {
				doing := ""
				if r.Doing != "" {
					doing = "being done: " + r.Doing
				}
				t.row("  "+r.Provider, r.State, r.TemplateID, doing, r.Problem)
				for _, c := range r.Comments {
					who := "you"
					if c.ByInspector {
						who = "inspector"
					}
					t.say("    %s: %s", who, c.Text)
				}
			}
		}, nil
	})
}

type templateShow struct {
	Site string `arg:"" help:"The site."`
	Code string `arg:"" help:"The template's code."`
	database
}

// Run shows the template.
func (v *templateShow) Run(ctx context.Context, s *streams) error {
	return (&templateNamed{Site: v.Site, Code: v.Code, database: v.database}).ask(ctx, s, "show", "")
}

type templateSubmit struct {
	templateNamed
	Comment string `placeholder:"TEXT" help:"To the inspector."`
}

// Run submits the template; a worker does it.
func (v *templateSubmit) Run(ctx context.Context, s *streams) error {
	return v.ask(ctx, s, "submit", v.Comment)
}

type templateWithdraw struct{ templateNamed }

// Run withdraws the template; a worker does it.
func (v *templateWithdraw) Run(ctx context.Context, s *streams) error {
	return v.ask(ctx, s, "withdraw", "")
}

type templateRelease struct{ templateNamed }

// Run releases the template; a worker does it.
func (v *templateRelease) Run(ctx context.Context, s *streams) error {
	return v.ask(ctx, s, "release", "")
}

type templateSync struct {
	Site string `arg:"" help:"The site."`
	Code string `arg:"" help:"The template's code."`
	database
}

// Run has the vendors asked; a worker does it.
func (v *templateSync) Run(ctx context.Context, s *streams) error {
	return (&templateNamed{Site: v.Site, Code: v.Code, database: v.database}).ask(ctx, s, "sync", "")
}
