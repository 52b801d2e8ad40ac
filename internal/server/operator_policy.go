package server

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/message"
	"creditmsg/internal/site"
)

// Policy is a strategy of a site's own.
type Policy struct {
	Name  string              `json:"name"`
	Steps message.PolicySteps `json:"steps"`
}

// Policies lists the strategies of a site's own, by name. NotFound.
func (p *Operator) Policies(ctx context.Context, siteID string) (list List[Policy], err error) {
	err = p.d.Snapshot(ctx, "operator_policies", func(tx *db.Tx) error {
		list.Data = []Policy{}
		if _, err := site.Find(tx, siteID); err != nil {
			return err
		}
		all, err := message.Policies(tx, siteID, "", message.MostPolicies)
		for _, one := range all {
			list.Data = append(list.Data, Policy{one.Name, one.Steps})
		}
		return err
	})
	return list, err
}

// SetPolicy writes a strategy of a site's own from JSON: its steps, or an object with them as
// List shows it. Faults: Invalid, NotFound.
func (p *Operator) SetPolicy(ctx context.Context, siteID, name string, text []byte) (Policy, error) {
	steps, err := readPolicy(text)
	if err != nil {
		return Policy{}, err
	}
	err = p.d.Update(ctx, "operator_set_policy", func(tx *db.Tx) error {
		_, err := message.SetPolicy(tx, siteID, name, steps)
		return err
	})
	return Policy{name, steps}, err
}

func readPolicy(text []byte) (steps message.PolicySteps, err error) {
	read := func(into any) error {
		d := json.NewDecoder(bytes.NewReader(text))
		d.DisallowUnknownFields()
		return d.Decode(into)
	}
	if err = read(&steps); err == nil {
		return steps, nil
	}
	var whole Policy
	if read(&whole) == nil {
		return whole.Steps, nil
	}
	return nil, fault.Wrap(err, fault.Invalid, fault.CodeValidation, `read the steps: want JSON such as [{"send": "alimtalk", "when": {"text_is": ["lms"]}}, {"send": "text"}]: %s`, fmt.Sprint(err))
}

// RemovePolicy removes a strategy of a site's own. NotFound.
func (p *Operator) RemovePolicy(ctx context.Context, siteID, name string) error {
	return p.d.Update(ctx, "operator_remove_policy", func(tx *db.Tx) error { return message.RemovePolicy(tx, siteID, name) })
}
