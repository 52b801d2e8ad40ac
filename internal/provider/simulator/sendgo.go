package simulator

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"

	"creditmsg/internal/korea"
)

// SendGo, API v2 and v1: campaigns, sent after a token was got. Results are asked for by
// campaign; what is wrong with one contact is told there.

const sendgoTokenFor = 24 * time.Hour

// sendgo is SendGo.
var sendgo = &vendor{kind: "sendgo", life: failsBut(0), patient: true, refuse: func(w http.ResponseWriter, no *refusal) int {
	code := no.code
	switch {
	case no.status == http.StatusPaymentRequired:
		code = "PAYMENT_REQUIRED"
	case no.status >= http.StatusInternalServerError:
		code = "INTERNAL_SERVER_ERROR"
	}
	return write(w, no.status, map[string]any{"traceId": "sim", "code": code, "message": no.text, "errors": []any{}, "timestamp": time.Now().In(korea.Seoul).Format(time.DateTime)})
}}

// sendgoCalls are the vendor's paths, for callers with a token.
func (s *Simulator) sendgoCalls() map[string]call {
	all := map[string]call{
		"POST /api/{version}/notices/send":  s.sendgoNotice,
		"POST /api/{version}/messages/send": s.sendgoText,
		"GET /api/v2/notices/{campaign}":    s.asked(s.sendgoCampaign),
		"GET /api/v2/messages/{campaign}":   s.asked(s.sendgoCampaign),
	}
	maps.Copy(all, s.sendgoDesk())
	return all
}

// sendgoToken gives a token for the keys of a Basic header; it ends the one before.
func (s *Simulator) sendgoToken(a *account, r *http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	a.token, a.tokenUntil = "sgv2."+s.ids.next("", clockForm, now), now.Add(sendgoTokenFor)
	name := "expiresAt"
	if r.PathValue("version") == "v1" {
		name = "expires_at"
	}
	return map[string]any{"data": map[string]any{"token": a.token, name: stamp(a.tokenUntil)}}, nil
}

// sendgoBasic finds whose keys a Basic header holds.
func (s *Simulator) sendgoBasic(r *http.Request, _ time.Time) (*account, error) {
	key, secret, ok := r.BasicAuth()
	s.mu.Lock()
	defer s.mu.Unlock()
	a, known := s.accounts[key]
	switch {
	case !ok:
		return nil, refuse(http.StatusUnauthorized, "INVALID_BASIC_AUTH", "Invalid Basic Auth")
	case !known:
		return nil, refuse(http.StatusUnauthorized, "INVALID_ACCESS_KEY", "Invalid Access Key")
	case secret != a.Secret:
		return nil, refuse(http.StatusUnauthorized, "INVALID_SECRET_KEY", "Invalid Secret Key")
	}
	return a, nil
}

// sendgoBearer finds whose token a Bearer header holds: as it is, or in base64 for v1.
func (s *Simulator) sendgoBearer(r *http.Request, now time.Time) (*account, error) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if plain, err := base64.StdEncoding.DecodeString(token); err == nil && strings.Contains(r.URL.Path, "/v1/") {
		token = string(plain)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.order {
		if ok && a.token != "" && a.token == token {
			if now.After(a.tokenUntil) {
				return nil, refuse(http.StatusUnauthorized, "TOKEN_EXPIRED", "Expired Token")
			}
			return a, nil
		}
	}
	return nil, refuse(http.StatusUnauthorized, "TOKEN_MISMATCH", "Token Mismatch")
}

func sendgoRead(r *http.Request, v any) error {
	if !decoded(r, v) {
		return sendgoInvalid("The body is not valid JSON.")
	}
	return nil
}

func sendgoInvalid(text string) error {
	return refuse(http.StatusUnprocessableEntity, "VALIDATION_FAILED", text)
}

// sendgoContacts are the contacts of a campaign; an older form calls them receivers.
type sendgoContacts struct {
	Contacts  []map[string]string `json:"contacts"`
	Receivers []map[string]string `json:"receivers"`
}

func (c *sendgoContacts) all() ([]map[string]string, error) {
	list := c.Contacts
	if list == nil {
		list = c.Receivers
	}
	if len(list) == 0 {
		return nil, refuse(http.StatusUnprocessableEntity, "EMPTY_CONTACTS", "Contacts are empty.")
	}
	return list, nil
}

// sendgoNotice sends Alimtalk.
func (s *Simulator) sendgoNotice(a *account, r *http.Request) (any, error) {
	var body struct {
		sendgoContacts
		Template string `json:"templateCode"`
		Channel  string `json:"kakaoSenderKey"`
	}
	if err := sendgoRead(r, &body); err != nil {
		return nil, err
	}
	contacts, err := body.all()
	switch {
	case err != nil:
		return nil, err
	case len(body.Channel) != 40:
		return nil, refuse(http.StatusNotFound, "INVALID_KAKAO_SENDER_KEY", "Invalid Kakao Sender Key")
	case body.Template == "" || len(body.Template) > 30:
		return nil, refuse(http.StatusNotFound, "INVALID_TEMPLATE_CODE", "Invalid Template Code")
	}
	known, err := s.knownSheet(a, sendgo, body.Channel, body.Template)
	if err != nil {
		return nil, refuse(http.StatusNotFound, "INVALID_TEMPLATE_CODE", "Invalid Template Code")
	}
	return s.sendgoSend(a, contacts, func(c map[string]string) draft {
		text := known.render(sendgoVariables(c))
		return draft{kind: ata, text: text, mismatch: known.mismatches(text), kakao: &kakaoPart{pfID: body.Channel, templateID: body.Template, disableSMS: true}}
	})
}

// sendgoVariables are what a contact has besides its number.
func sendgoVariables(c map[string]string) map[string]string {
	out := map[string]string{}
	for name, value := range c {
		if name != "contact" {
			out[name] = value
		}
	}
	return out
}

// sendgoText sends texts.
func (s *Simulator) sendgoText(a *account, r *http.Request) (any, error) {
	var body struct {
		sendgoContacts
		Kind    string            `json:"campaignType"`
		Type    string            `json:"messageType"`
		Subject *string           `json:"subject"`
		Content string            `json:"content"`
		Sender  string            `json:"senderKey"`
		Files   []json.RawMessage `json:"files"`
	}
	if err := sendgoRead(r, &body); err != nil {
		return nil, err
	}
	contacts, err := body.all()
	if err != nil {
		return nil, err
	}
	shown, err := sendgoPictures(body.Files)
	if err != nil {
		return nil, err
	}
	d := draft{extra: pictured(shown), kind: kindOf(body.Type), from: s.sendgoNumber(a, body.Sender), text: body.Content}
	if body.Subject != nil {
		d.subject = *body.Subject
	}
	n, bad := korea.Bytes(d.text)
	switch {
	case d.from == "":
		return nil, refuse(http.StatusNotFound, "INVALID_SENDER_KEY", "Invalid Sender Key")
	case d.kind != sms && d.kind != lms && d.kind != mms || body.Kind != "MESSAGE" && body.Kind != "ADVERTISE":
		return nil, sendgoInvalid("campaignType and messageType are not sent here.")
	case body.Kind == "ADVERTISE" && !advertised(d.text):
		return nil, refuse(http.StatusUnprocessableEntity, "POLICY_REVIEW_REQUIRED", "content does not show what an advertisement has to show.")
	case (d.kind == mms) != (len(shown) > 0):
		return nil, sendgoInvalid("files are required for MMS, and for MMS alone.")
	case strings.TrimSpace(d.text) == "" || len(bad) > 0 || d.kind == sms && n > korea.SMSBytes || n > korea.LMSBytes || d.kind != sms && d.subject == "":
		return nil, sendgoInvalid("content or subject is not valid.")
	}
	return s.sendgoSend(a, contacts, func(map[string]string) draft { return d })
}

// sendgoPictures reads the files of a campaign.
func sendgoPictures(files []json.RawMessage) (shown []Shown, err error) {
	if len(files) > mostShown {
		return nil, sendgoInvalid("The files field must not have more than 3 items.")
	}
	for _, f := range files {
		content, whole := attached(f)
		if !whole {
			return nil, sendgoInvalid("The files field must hold files.")
		}
		p := show(content)
		if what := sendgoFrame.lacks(p); what != "" {
			return nil, sendgoInvalid("The files field has a file of a wrong " + what + ".")
		}
		shown = append(shown, p)
	}
	return shown, nil
}

// sendgoSend makes a campaign and hands it over at once.
func (s *Simulator) sendgoSend(a *account, contacts []map[string]string, form func(map[string]string) draft) (any, error) {
	now := time.Now()
	drafts, wire := make([]draft, len(contacts)), make([]wireMessage, len(contacts))
	for i, c := range contacts {
		drafts[i], wire[i].To.one = form(c), strings.ReplaceAll(c["contact"], "-", "")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ids.serial++
	x := mix(s.ids.key ^ s.ids.serial)
	id := fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", uint32(x>>32), uint16(x>>16), x&0xfff, mix(x)>>52, mix(x)&0xffffffffffff)
	g, err := s.handOverCall(sendgo, a, group{id: id, allowDuplicates: true}, drafts, wire, now)
	if err != nil {
		return nil, err
	}
	return map[string]any{"success": true, "message": "Success", "data": map[string]any{"campaignId": g.id, "totalCount": len(g.messages)}}, nil
}

// sendgoCampaign shows a campaign with its items.
func (s *Simulator) sendgoCampaign(a *account, r *http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, known := s.groups[r.PathValue("campaign")]
	if !known || g.account != a || g.vendor != sendgo {
		return nil, refuse(http.StatusNotFound, "NOT_FOUND", "Not Found")
	}
	items := make([]map[string]any, len(g.messages))
	status := "SUCCESS"
	for i, m := range g.messages {
		item := map[string]any{"name": "", "phone_e164": "+82" + strings.TrimPrefix(m.to.String(), "0"), "status": "PROGRESS", "sms_status": nil}
		switch {
		case m.refused():
			item["status"], item["result_code"] = "FAILED", "1020"
		case m.has(reached):
			item["status"] = "SUCCESS"
		case m.has(missed):
			item["status"], item["result_code"] = "FAILED", m.relayCode()
		default:
			status = "PROGRESS"
		}
		items[i] = item
	}
	return map[string]any{"success": true, "message": "Success", "data": map[string]any{"campaign": map[string]any{"uuid": g.id, "status": status,
		"total_count": len(items), "items": items}}}, nil
}

// sendgoKey is the vendor's key of a sender number.
func sendgoKey(number string) string { return "sender-" + number }

// sendgoNumber is the number of a key; empty when the account may not send from it.
func (s *Simulator) sendgoNumber(a *account, key string) string {
	number, ok := strings.CutPrefix(key, sendgoKey(""))
	if !ok || !senderForm(number) || !s.sends(a, number) {
		return ""
	}
	return number
}

// sendgoSenders lists the registered sender numbers.
func (s *Simulator) sendgoSenders(a *account, _ *http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows := []map[string]any{}
	for _, n := range s.numbers(a) {
		rows = append(rows, map[string]any{"uuid": sendgoKey(n), "sender_alias": n, "phone_number": n, "phone_e164": "+82" + strings.TrimPrefix(n, "0"),
			"status": "SUCCESS", "primary_type": "PRIMARY"})
	}
	return sendgoFine(map[string]any{"senders": rows}), nil
}
