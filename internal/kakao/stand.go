package kakao

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"creditmsg/internal/db"
	"creditmsg/internal/event"
	"creditmsg/internal/message"
	"creditmsg/internal/provider"
)

// isGone says that a row's template was removed by its site.
func isGone(r *row) bool { return strings.HasPrefix(r.code, goneMark) }

// events are the states that are told, by their events.
var events = map[provider.TemplateState]string{provider.TemplateApproved: "template.approved", provider.TemplateRejected: "template.rejected",
	provider.TemplateDormant: "template.dormant", provider.TemplateBlocked: "template.blocked"}

// seen writes down what a vendor lists of a row. The caller has locked both rows; before is the
// state that was known.
func (s *Service) seen(tx *db.Tx, t message.Template, r *row, kept *provider.KeptTemplate, before provider.TemplateState) error {
	r.saw(kept, tx.Now)
	if err := save(tx, r); err != nil {
		return err
	}
	if err := s.stand(tx, t, r, before); err != nil {
		return err
	}
	return s.put(tx, lookJob(r.account, r.lookAt))
}

// stand lets the site's template follow a row whose state is another than before, and tells of
// it.
func (s *Service) stand(tx *db.Tx, t message.Template, r *row, before provider.TemplateState) error {
	if r.state == before || t.Code == "" || isGone(r) {
		return nil
	}
	rows, err := find(tx.Lookup, one("site_id", r.site), one("code", r.code))
	if err != nil {
		return err
	}
	state, providers, err := standing(t, rows)
	if err != nil {
		return err
	}
	if state != t.State || !maps.Equal(providers, t.Providers) {
		t.State, t.Providers = state, providers
		if err := message.StandTemplate(tx, t); err != nil {
			return err
		}
	}
	if events[r.state] == "" {
		return nil
	}
	data, err := json.Marshal(map[string]any{"code": r.code, "provider": r.account, "state": state, "comment": r.said()})
	if err != nil {
		return fmt.Errorf("write event: %w", err)
	}
	return event.Append(tx, event.Event{Site: r.site, Type: events[r.state], Ref: r.code, Data: data})
}

// ranks are the states from the best to the worst.
var ranks = []provider.TemplateState{provider.TemplateApproved, provider.TemplateInspecting, provider.TemplateDormant, provider.TemplateBlocked,
	provider.TemplateRejected, provider.TemplateDraft}

// standing is where a template stands by its rows, and what the accounts call it that have it
// approved in its present wording. Ids without a row were set by hand: they are taken to stand as
// the template does.
func standing(t message.Template, rows []*row) (provider.TemplateState, map[string]message.ProviderTemplate, error) {
	best, known := len(ranks), false
	providers := map[string]message.ProviderTemplate{}
	maps.Copy(providers, t.Providers)
	for _, r := range rows {
		digest, err := digestOf(t, r.channelID)
		if err != nil {
			return t.State, nil, err
		}
		delete(providers, r.account)
		if r.digest != digest {
			continue
		}
		for i, state := range ranks {
			if r.state == state {
				best, known = min(best, i), true
			}
		}
		if r.state == provider.TemplateApproved {
			providers[r.account] = message.ProviderTemplate{ChannelID: r.channelID, TemplateID: r.template}
		}
	}
	byHand := false
	for name, ids := range providers {
		byHand = byHand || ids.TemplateID != "" && at(rows, name) == nil
	}
	switch {
	case !known, byHand && t.State == message.TemplateApproved:
		return t.State, providers, nil
	}
	return ranks[best], providers, nil
}
