package webhook

import (
	"fmt"
	"net/netip"
	"net/url"
	"reflect"
	"strings"
	"unicode/utf8"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/event"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
)

// MostEndpoints is how many endpoints a site can have.
const MostEndpoints = 50

const (
	longestURL         = 2000
	longestDescription = 200
)

// Change is what is to become of an endpoint; what is nil keeps its value.
type Change struct {
	URL         *string
	Description *string
	Topics      []string
	Secret      *string // of one that is made: its own; nil = a new one
}

// Create makes an endpoint of a site, which gets what happens from now on, and gives its
// secret, which nobody is told again. Faults: Invalid with the place of what is wrong;
// Conflict, when the site has as many as it may have.
func (s *Service) Create(tx *db.Tx, siteID string, c Change) (Endpoint, Secret, error) {
	if _, err := event.LockListening(tx, siteID); err != nil {
		return Endpoint{}, "", err
	}
	all, err := s.Endpoints(tx, siteID)
	if err != nil {
		return Endpoint{}, "", err
	}
	if len(all) >= MostEndpoints {
		return Endpoint{}, "", fault.New(fault.Conflict, fault.CodeStateConflict, "the site has %d webhook endpoints already, which is as many as it may have", MostEndpoints)
	}
	e := Endpoint{Site: siteID, ID: id.New(), State: Enabled, CreatedAt: tx.Now}
	if c.URL == nil {
		return e, "", fault.Check("/url", "an endpoint needs a URL")
	}
	if err := s.apply(&e, c); err != nil {
		return e, "", err
	}
	if len(e.Topics) == 0 {
		return e, "", fault.Check("/topics", "say which events the endpoint gets: message.*, for example, or * for all")
	}
	secret := NewSecret()
	if c.Secret != nil {
		if secret, err = ParseSecret(*c.Secret); err != nil {
			return e, "", fault.Check("/secret", "%v", err)
		}
	}
	e.secrets = []held{{Secret: secret}}
	if err := s.store(tx, &e, true); err != nil {
		return e, "", err
	}
	if err := audit.Note(tx, audit.Change{Site: siteID, Action: "webhook.created", Ref: e.ID.Text(id.Webhook), After: e.told()}); err != nil {
		return e, "", err
	}
	return e, secret, s.listen(tx, siteID, append(all, e))
}

// apply makes an endpoint what is asked for.
func (s *Service) apply(e *Endpoint, c Change) (err error) {
	if c.URL != nil {
		if e.URL, err = s.address(*c.URL); err != nil {
			return err
		}
	}
	if c.Description != nil {
		if e.Description = strings.TrimSpace(*c.Description); utf8.RuneCountInString(e.Description) > longestDescription {
			return fault.Check("/description", "want at most %d characters", longestDescription)
		}
	}
	if c.Topics != nil {
		e.Topics, err = ParseTopics(c.Topics)
	}
	return err
}

// address checks where an endpoint is. What its name resolves to is judged at each request.
func (s *Service) address(text string) (string, error) {
	u, err := url.Parse(strings.TrimSpace(text))
	switch {
	case err != nil, len(text) > longestURL, u.Host == "", u.Hostname() == "", u.Fragment != "", u.Opaque != "":
		return "", fault.Check("/url", "want a URL such as https://shop.example/webhooks, of at most %d characters", longestURL)
	case u.Scheme != "https" && u.Scheme != "http":
		return "", fault.Check("/url", "want https://…")
	case u.Scheme == "http" && len(s.o.Allow) == 0:
		return "", fault.Check("/url", "want https://…: plain http only goes to networks that the operator allowed (webhooks.allow)")
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	if ip, err := netip.ParseAddr(host); err == nil && !allowed(s.o.Allow, ip) && !public(ip) ||
		len(s.o.Allow) == 0 && (host == "localhost" || strings.HasSuffix(host, ".localhost")) {
		return "", fault.Check("/url", "the address is not a public one, and the operator did not allow its network (webhooks.allow)")
	}
	return u.String(), nil
}

// Set changes an endpoint, for what happens from now on. NotFound, and Invalid with the place
// of what is wrong.
func (s *Service) Set(tx *db.Tx, siteID string, of id.ID, c Change) (Endpoint, error) {
	return s.change(tx, siteID, of, "updated", func(e *Endpoint) error { return s.apply(e, c) })
}

// told is what the audit log tells of an endpoint: its address, which may hold a secret, and what
// its site wrote beside it only by whether they are others.
func (e *Endpoint) told() audit.Fields {
	return audit.Fields{"topics": e.Topics, "state": e.State, "url": audit.Wording(e.URL), "description": audit.Said(e.Description)}
}

// signs is the secret that signs first.
func (e *Endpoint) signs() string {
	if len(e.secrets) == 0 {
		return ""
	}
	return string(e.secrets[0].Secret)
}

// change locks an endpoint, and before it who listens to the site, stores what do makes of it if
// that is another one, and notes it.
func (s *Service) change(tx *db.Tx, siteID string, of id.ID, what string, do func(*Endpoint) error) (Endpoint, error) {
	if _, err := event.LockListening(tx, siteID); err != nil {
		return Endpoint{}, err
	}
	e, err := s.find(tx, siteID, of, tx.LookupForUpdate)
	if err != nil {
		return e, err
	}
	was := e
	before, secret := e.told(), e.signs()
	if err := do(&e); err != nil || reflect.DeepEqual(e, was) {
		return e, err
	}
	if err := s.store(tx, &e, false); err != nil {
		return e, err
	}
	after := e.told()
	audit.Secret(before, after, "secret", secret, e.signs())
	if err := audit.Note(tx, audit.Change{Site: siteID, Action: "webhook." + what, Ref: e.ID.Text(id.Webhook), Before: before, After: after}); err != nil {
		return e, err
	}
	all, err := s.Endpoints(tx, siteID)
	if err != nil {
		return e, err
	}
	return e, s.listen(tx, siteID, all)
}

// listen says which events the site's endpoints want. A disabled one wants what it wanted.
func (s *Service) listen(tx *db.Tx, siteID string, all []Endpoint) error {
	var of event.Families
	for _, e := range all {
		of |= e.Topics.families()
	}
	return event.Listen(tx, siteID, of)
}

// Rotate gives an endpoint a new secret, which nobody is told again. The one before signs
// along for a while, so that the receiver can change at leisure; those before it do not any more.
func (s *Service) Rotate(tx *db.Tx, siteID string, of id.ID) (Endpoint, Secret, error) {
	secret := NewSecret()
	e, err := s.change(tx, siteID, of, "secret_rotated", func(e *Endpoint) error {
		e.secrets = []held{{Secret: secret}, {Secret: e.secrets[0].Secret, Until: tx.Now.Add(s.o.SecretOverlap)}}
		return nil
	})
	return e, secret, err
}

// Disable stops sending to an endpoint until it is enabled; what happens meanwhile waits. To
// disable a disabled one changes nothing.
func (s *Service) Disable(tx *db.Tx, siteID string, of id.ID) (Endpoint, error) {
	return s.change(tx, siteID, of, "disabled", func(e *Endpoint) error {
		if e.State == Enabled {
			e.State, e.Reason, e.DisabledAt = Disabled, Asked, tx.Now
		}
		return nil
	})
}

// mostHurried bounds how many deliveries that wait for another attempt are hurried by Enable.
const mostHurried = 1000

// Enable sends an endpoint what waits for it, at once, and everything from now on. One that
// is enabled but failing gets another chance at once.
func (s *Service) Enable(tx *db.Tx, siteID string, of id.ID) (Endpoint, error) {
	e, err := s.change(tx, siteID, of, "enabled", func(e *Endpoint) error {
		e.State, e.Reason, e.DisabledAt, e.health = Enabled, "", 0, health{slow: e.slow}
		return nil
	})
	if err != nil {
		return e, err
	}
	later, err := s.seqs(tx, `SELECT seq FROM webhook_delivery WHERE site_id = ? AND endpoint_id = ? AND due > ? ORDER BY due, seq LIMIT ?`,
		siteID, of, int64(tx.Now), mostHurried)
	if err != nil {
		return e, err
	}
	if err := s.hurry(tx, siteID, of, later); err != nil {
		return e, err
	}
	return e, s.queue.Put(tx, e.job(tx.Now))
}

// hurry makes deliveries that wait due at once.
func (s *Service) hurry(tx *db.Tx, siteID string, of id.ID, seqs []int64) error {
	keys := pick(seqs, func(seq int64) key { return key{place{siteID, of}, seq} })
	err := tx.UpdateMany("webhook_delivery", []string{"site_id", "endpoint_id", "seq"}, append(deliveryKeys(keys), db.Same("due", tx.Now, len(keys)))...)
	if err != nil {
		return fmt.Errorf("hurry deliveries: %w", err)
	}
	return nil
}

// Remove removes an endpoint with all that was sent to it.
func (s *Service) Remove(tx *db.Tx, siteID string, of id.ID) error {
	e, err := s.change(tx, siteID, of, "removed", func(e *Endpoint) error {
		e.State, e.Topics, e.URL, e.Description, e.secrets = removed, nil, "", "", nil
		return nil
	})
	if err != nil {
		return err
	}
	for _, kind := range []string{kindSend, kindSlow} {
		if err := s.queue.Drop(tx, kind, e.ID.String()); err != nil {
			return err
		}
	}
	return nil
}

// Test sends an endpoint an event that says nothing, once, whatever its topics, and gives its
// place. Conflict of an endpoint that is disabled.
func (s *Service) Test(tx *db.Tx, siteID string, of id.ID) (Delivery, error) {
	e, err := s.find(tx, siteID, of, tx.LookupForUpdate)
	if err != nil {
		return Delivery{}, err
	}
	if e.State != Enabled {
		return Delivery{}, fault.New(fault.Conflict, fault.CodeStateConflict, "the endpoint is disabled: enable it first")
	}
	p := event.Pending{ID: id.New(), Site: siteID, Type: testType, At: tx.Now}
	said := event.Event{Site: siteID, Type: testType, Ref: of.Text(id.Webhook), Data: []byte(`{"endpoint_id":"` + of.Text(id.Webhook) + `"}`)}
	if err := (event.Listeners{}).AppendAs(tx, []id.ID{p.ID}, said); err != nil {
		return Delivery{}, err
	}
	f := e.next(p)
	return Delivery{Seq: f.seq, Event: p.ID, Type: testType, State: Waiting, Due: tx.Now, EventAt: tx.Now}, s.deliver(tx, []fresh{f})
}
