package simulator

import (
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"time"
)

// hookView is a registered webhook as the vendor shows it.
type hookView struct {
	WebhookID   string `json:"webhookId"`
	EventID     string `json:"eventId"`
	URL         string `json:"url"`
	Name        string `json:"name"`
	IsTemporary bool   `json:"isTemporary"`
	DateCreated string `json:"dateCreated"`
}

func (h *hook) key() string { return h.id }

func (h *hook) field(field string) (string, bool) {
	switch field {
	case "webhookId":
		return h.id, true
	case "eventId":
		return h.event, true
	case "url":
		return h.url, true
	}
	return "", false
}

// MarshalJSON writes what may be shown: not the secret.
func (h *hook) MarshalJSON() ([]byte, error) {
	return json.Marshal(hookView{h.id, h.event, h.url, h.name, h.temporary, stamp(h.created)})
}

// createHook registers an address for an event. Its secret is the one given, else
// the account's.
func (s *Simulator) createHook(a *account, r *http.Request) (any, error) {
	var body struct {
		EventID     string  `json:"eventId"`
		URL         string  `json:"url"`
		Name        string  `json:"name"`
		Secret      *string `json:"secret"`
		IsTemporary bool    `json:"isTemporary"`
	}
	if err := read(r, &body); err != nil {
		return nil, err
	}
	if u, err := url.Parse(body.URL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, invalid("url은 http 또는 https 주소입니다.")
	}
	if body.EventID != singleReport && body.EventID != groupReport {
		return nil, invalid("eventId는 SINGLE-REPORT 또는 GROUP-REPORT입니다.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	h := &hook{id: s.ids.next("WH4V", clockForm, now), event: body.EventID, name: body.Name, url: body.URL,
		secret: s.reportsTo(solapi, a).Secret, temporary: body.IsTemporary, created: now}
	if body.Secret != nil {
		h.secret = *body.Secret
	}
	a.hooks = append(a.hooks, h)
	return map[string]string{"webhookId": h.id}, nil
}

func (s *Simulator) listHooks(a *account, r *http.Request) (any, error) {
	return listOf(s, &a.hooks, "list", r, "webhookId", "eventId", "url")
}

func (s *Simulator) deleteHook(a *account, r *http.Request) (any, error) {
	return oneOf(s, &a.hooks, r.PathValue("hook"), drop)
}

// pushSolapi makes a webhook call of Solapi: a JSON array, proven by the digest of the
// secret. The caller holds the lock.
func (s *Simulator) pushSolapi(d *delivery) (http.Header, []byte) {
	b := append(make([]byte, 0, len(d.items)*600), '[')
	for i, r := range d.items {
		if i > 0 {
			b = append(b, ',')
		}
		if s.options.ReportEnvelope {
			b = append(b, `{"eventDataId":"`...)
			b = append(b, s.ids.next("ED4V", clockForm, time.Now())...)
			b = append(b, `","retryCount":`...)
			b = appendInt(b, d.calls)
			b = append(b, `,"data":`...)
		}
		if r.group != nil {
			view, _ := json.Marshal(r.group.view()) // plain strings and numbers: cannot fail
			b = append(b, view...)
		} else {
			b = s.appendReport(b, r.msg, r.code)
		}
		if s.options.ReportEnvelope {
			b = append(b, '}')
		}
	}
	sum := sha1.Sum([]byte(d.hook.secret))
	return http.Header{
		"Content-Type":        {"application/json"},
		"X-Solapi-Event-Name": {d.hook.event},
		"X-Solapi-Secret":     {hex.EncodeToString(sum[:])},
	}, append(b, ']')
}
