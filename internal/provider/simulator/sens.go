package simulator

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"creditmsg/internal/korea"
)

// Naver Cloud SENS: SMS v2 and Alimtalk v2. It has no webhook and is paid for afterwards.
// Texts are taken whatever is wrong with one recipient, who then fails.

const (
	sensRequestMost = 100
	sensSkew        = 5 * time.Minute
)

// The raw codes that the simulator itself sets.
const (
	sensDelivered  = "0"
	sensBadNumber  = "3003"
	sensAbsent     = "3001"
	sensKakao      = "0000"
	sensNotOnKakao = "3019"
)

// sens is Naver Cloud SENS.
var sens = &vendor{
	kind: "sens",
	life: func(raw uint16) uint16 {
		if raw == 0 {
			return codeDelivered
		}
		return codeFailed
	},
	patient:  true,
	postPaid: true,
	refuse:   refuseSENS,
}

// refuseSENS writes an error as the gateway does; one without words has an empty body.
func refuseSENS(w http.ResponseWriter, no *refusal) int {
	if no.code == "" {
		w.WriteHeader(no.status)
		return no.status
	}
	return write(w, no.status, map[string]any{"error": map[string]string{"errorCode": no.code, "message": no.text, "details": ""}})
}

// sensNoRows is the answer of a list without rows.
var sensNoRows = &refusal{status: http.StatusNotFound}

func sensInvalid(text string) error { return refuse(http.StatusBadRequest, "100", text) }

// sensCalls are the vendor's paths.
func (s *Simulator) sensCalls() map[string]call {
	const texts, kakao = "/sms/v2/services/{service}/messages", "/alimtalk/v2/services/{service}/messages"
	text := func(m *message) bool { return !m.kind.kakao() }
	friend := func(m *message) bool { return m.kind.kakao() }
	return map[string]call{
		"POST /sms/v2/services/{service}/files":         s.sensUpload,
		"POST " + texts:                                 s.sensText,
		"GET " + texts:                                  s.asked(s.sensList(text)),
		"GET " + texts + "/{message}":                   s.asked(s.sensOne(text)),
		"POST " + kakao:                                 s.sensAlimtalk,
		"GET " + kakao:                                  s.asked(s.sensList(friend)),
		"GET " + kakao + "/{message}":                   s.asked(s.sensOne(friend)),
		"GET /alimtalk/v2/services/{service}/templates": s.sensTemplates,
	}
}

// sensLogin finds who signed the request.
func (s *Simulator) sensLogin(r *http.Request, now time.Time) (*account, error) {
	failed := refuse(http.StatusUnauthorized, "200", "Authentication Failed")
	at, key := r.Header.Get("x-ncp-apigw-timestamp"), r.Header.Get("x-ncp-iam-access-key")
	milli, err := strconv.ParseInt(at, 10, 64)
	if err != nil || now.Sub(time.UnixMilli(milli)).Abs() > sensSkew {
		return nil, failed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a, known := s.accounts[key]
	if !known {
		return nil, failed
	}
	mac := hmac.New(sha256.New, []byte(a.Secret))
	mac.Write([]byte(r.Method + " " + r.RequestURI + "\n" + at + "\n" + key))
	given, err := base64.StdEncoding.DecodeString(r.Header.Get("x-ncp-apigw-signature-v2"))
	if err != nil || !hmac.Equal(given, mac.Sum(nil)) {
		return nil, failed
	}
	return a, nil
}

func sensRead(r *http.Request, v any) error {
	if !decoded(r, v) {
		return sensInvalid("the body is not valid JSON")
	}
	return nil
}

// sensText takes texts.
func (s *Simulator) sensText(a *account, r *http.Request) (any, error) {
	var body struct {
		Type     string `json:"type"`
		Kind     string `json:"contentType"`
		From     string `json:"from"`
		Subject  string `json:"subject"`
		Content  string `json:"content"`
		Messages []struct {
			To      string `json:"to"`
			Subject string `json:"subject"`
			Content string `json:"content"`
		} `json:"messages"`
		Files []sensFile `json:"files"`
	}
	if err := sensRead(r, &body); err != nil {
		return nil, err
	}
	k, shown, err := s.sensKind(a, body.Type, body.Files)
	switch {
	case err != nil:
		return nil, err
	case len(body.Messages) == 0 || len(body.Messages) > sensRequestMost:
		return nil, sensInvalid("messages must be from 1 to 100")
	case !senderForm(body.From) || !s.sends(a, body.From):
		return nil, sensInvalid("from is not registered")
	case strings.TrimSpace(body.Content) == "":
		return nil, sensInvalid("content is required")
	}
	drafts, to := make([]draft, len(body.Messages)), make([]string, len(body.Messages))
	for i, m := range body.Messages {
		d := draft{kind: k, from: body.From, text: orElse(m.Content, body.Content), subject: orElse(m.Subject, body.Subject), extra: pictured(shown)}
		if err := sensCheck(d); err != nil {
			return nil, err
		}
		if body.Kind == "AD" && !advertised(d.text) {
			return nil, sensInvalid("content does not show what an advertisement has to show")
		}
		drafts[i], to[i] = d, m.To
	}
	g, err := s.sensSend(a, drafts, to)
	if err != nil {
		return nil, err
	}
	return s.sensSent(g, nil), nil
}

// sensCheck finds why a text is refused.
func sensCheck(d draft) error {
	most := korea.LMSBytes
	if d.kind == sms {
		most = korea.SMSBytes
	}
	n, bad := korea.Bytes(d.text)
	subject, badSubject := korea.Bytes(d.subject)
	switch {
	case len(bad)+len(badSubject) > 0:
		return sensInvalid("content has characters that cannot be sent")
	case n > most || subject > korea.SubjectBytes:
		return sensInvalid("content is too long")
	}
	return nil
}

// sensAlimtalk takes Alimtalk.
func (s *Simulator) sensAlimtalk(a *account, r *http.Request) (any, error) {
	var body struct {
		Channel  string `json:"plusFriendId"`
		Template string `json:"templateCode"`
		Messages []struct {
			To      string          `json:"to"`
			Content string          `json:"content"`
			Buttons json.RawMessage `json:"buttons"`
		} `json:"messages"`
	}
	if err := sensRead(r, &body); err != nil {
		return nil, err
	}
	switch {
	case !strings.HasPrefix(body.Channel, "@") || body.Template == "":
		return nil, sensInvalid("plusFriendId and templateCode are required")
	case len(body.Messages) == 0 || len(body.Messages) > sensRequestMost:
		return nil, sensInvalid("messages must be from 1 to 100")
	}
	known, err := s.knownSheet(a, sens, body.Channel, body.Template)
	if err != nil {
		return nil, sensInvalid("templateCode is not approved")
	}
	drafts, to := make([]draft, len(body.Messages)), make([]string, len(body.Messages))
	for i, m := range body.Messages {
		drafts[i] = draft{kind: ata, text: m.Content, mismatch: known.mismatches(m.Content), kakao: &kakaoPart{pfID: body.Channel, templateID: body.Template, disableSMS: true, buttons: string(m.Buttons)}}
		if strings.TrimSpace(m.Content) == "" || utf8.RuneCountInString(m.Content) > alimtalkLimit {
			drafts[i].code = codeTooLong
		}
		to[i] = m.To
	}
	g, err := s.sensSend(a, drafts, to)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	rows := make([]map[string]any, len(g.messages))
	for i, m := range g.messages {
		rows[i] = map[string]any{"messageId": s.sensID(m), "countryCode": "82", "to": m.to.String(), "content": m.text, "useSmsFailover": false,
			"requestStatusCode": m.sensTaken(), "requestStatusName": "success", "requestStatusDesc": "성공"}
	}
	s.mu.Unlock()
	return s.sensSent(g, rows), nil
}

// sensTaken is the request status of an Alimtalk.
func (m *message) sensTaken() string {
	switch {
	case !m.refused():
		return "A000"
	case m.code == codeTooLong:
		return "B000"
	}
	return "A100"
}

// sensSend makes a call and hands it over at once.
func (s *Simulator) sensSend(a *account, drafts []draft, to []string) (*group, error) {
	now := time.Now()
	wire := make([]wireMessage, len(to))
	prefix := map[kind]string{sms: "RSSA", lms: "RSLA", mms: "RSMA", ata: "RKAA"}[drafts[0].kind]
	for i := range to {
		wire[i].To.one = to[i]
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	id := fmt.Sprintf("%s-%d-%s", prefix, now.UnixMilli(), s.ids.next("", clockForm, now)[idLength-13:])
	return s.handOverCall(sens, a, group{id: id, allowDuplicates: true}, drafts, wire, now)
}

// sensSent is the reply to a hand-over.
func (s *Simulator) sensSent(g *group, rows []map[string]any) any {
	s.mu.Lock()
	defer s.mu.Unlock()
	reply := map[string]any{"requestId": g.id, "requestTime": g.created.In(korea.Seoul).Format("2006-01-02T15:04:05.000"), "statusCode": "202", "statusName": "success"}
	if rows != nil {
		reply["messages"] = rows
	}
	return withStatus{http.StatusAccepted, reply}
}
