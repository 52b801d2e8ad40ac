package main

import (
	"context"

	"creditmsg/internal/server"
)

// migrateVerb brings the schema up to date.
type migrateVerb struct {
	Up     migrateUp     `cmd:"" help:"Apply what is missing of the schema."`
	Status migrateStatus `cmd:"" help:"Show which steps of the schema are applied."`
}

type migrateUp struct{ database }

// Run migrates.
func (v *migrateUp) Run(ctx context.Context, s *streams) error {
	return v.actOn(ctx, s, server.OperatorOptions{AnySchema: true}, func(p *server.Operator) (any, func(*table), error) {
		applied, after, err := p.Migrate(ctx)
		if err != nil {
			return nil, nil, err
		}
		object := map[string]any{"applied": applied, "pending": after.Pending, "engine": after.Engine, "migrations": after.Steps}
		return object, func(t *table) {
			if applied == 0 {
				t.say("the schema is up to date: %d steps on %s", len(after.Steps), after.Engine)
				return
			}
			t.say("applied %d of %d steps on %s", applied, len(after.Steps), after.Engine)
		}, nil
	})
}

type migrateStatus struct{ database }

// Run shows the schema.
func (v *migrateStatus) Run(ctx context.Context, s *streams) error {
	return v.actOn(ctx, s, server.OperatorOptions{AnySchema: true}, func(p *server.Operator) (any, func(*table), error) {
		schema, err := p.Schema(ctx)
		if err != nil {
			return nil, nil, err
		}
		return schema, func(t *table) {
			for _, step := range schema.Steps {
				state := "applied"
				if !step.Applied {
					state = "pending"
				}
				t.row(step.Version, state, step.Name)
			}
		}, nil
	})
}
