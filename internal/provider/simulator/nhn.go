package simulator

import (
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"creditmsg/internal/korea"
)

// NHN Cloud: SMS v3.0 and KakaoTalk Bizmessage v2.3. Errors of the vendor come with HTTP
// status 200; its calls are paid for afterwards.

const (
	nhnRequestMost = 1000
	nhnPageUsual   = 15
	nhnPageMost    = 1000
	nhnSecret      = "X-Secret-Key"
	nhnIdempotency = "X-NC-API-IDEMPOTENCY-KEY"
	nhnRemembers   = 10 * time.Minute // an idempotency key
)

// The raw codes that the simulator itself sets.
const (
	nhnDelivered  = 1000
	nhnAbsent     = 3001
	nhnNotOnKakao = 3019
)

// nhn is NHN Cloud.
var nhn = &vendor{
	kind: "nhncloud",
	life: func(raw uint16) uint16 {
		if raw == nhnDelivered {
			return codeDelivered
		}
		return codeFailed
	},
	postPaid: true,
	refuse:   refuseNHN,
	push:     (*Simulator).pushNHN,
}

// nhnHeader is what every reply of the vendor begins with.
type nhnHeader struct {
	Successful bool   `json:"isSuccessful"`
	Code       int    `json:"resultCode"`
	Text       string `json:"resultMessage"`
}

var nhnFine = nhnHeader{true, 0, "SUCCESS"}

// nhnError is a refusal in the vendor's words: HTTP status 200 and a code.
func nhnError(code int, text string) error {
	return &refusal{status: http.StatusOK, code: strconv.Itoa(code), text: text}
}

// refuseNHN writes an error; what is not the vendor's own is a system error.
func refuseNHN(w http.ResponseWriter, no *refusal) int {
	code, err := strconv.Atoi(no.code)
	if err != nil {
		code = -9999
	}
	return write(w, no.status, map[string]any{"header": nhnHeader{false, code, no.text}})
}

// nhnCalls are the vendor's paths.
func (s *Simulator) nhnCalls() map[string]call {
	const texts, kakao = "/sms/v3.0/appKeys/{app}/", "/alimtalk/v2.3/appkeys/{app}/"
	all := map[string]call{
		"POST " + texts + "sender/sms":              s.nhnText(sms),
		"POST " + texts + "sender/mms":              s.nhnText(lms),
		"POST " + texts + "sender/ad-sms":           s.nhnText(sms),
		"POST " + texts + "sender/ad-mms":           s.nhnText(lms),
		"POST " + texts + "sender/auth/sms":         s.nhnText(sms),
		"GET " + texts + "sender/sms":               s.asked(s.nhnTexts(sms)),
		"GET " + texts + "sender/mms":               s.asked(s.nhnTexts(lms, mms)),
		"POST " + texts + "attachfile/binaryUpload": s.nhnUpload,
		"POST " + kakao + "raw-messages":            s.nhnAlimtalk,
		"POST " + kakao + "messages":                s.nhnAlimtalk,
		"GET " + kakao + "messages":                 s.asked(s.nhnAlimtalks),
	}
	maps.Copy(all, s.nhnDesk())
	return all
}

// nhnLogin finds who has the app key of the path and its secret.
func (s *Simulator) nhnLogin(r *http.Request, _ time.Time) (*account, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, known := s.accounts[r.PathValue("app")]
	switch {
	case !known:
		return nil, nhnError(-1000, "Appkey is not valid.")
	case r.Header.Get(nhnSecret) != a.Secret:
		return nil, nhnError(-1001, "Secret key is not valid.")
	}
	return a, nil
}

// nhnRead decodes a JSON body.
func nhnRead(r *http.Request, v any) error {
	if !strings.HasPrefix(strings.ToLower(r.Header.Get("Content-Type")), "application/json") {
		return nhnError(-9996, "Content type is not valid.")
	}
	if !decoded(r, v) {
		return nhnError(-9997, "The request body is not valid JSON.")
	}
	return nil
}

// nhnRecipient is one of recipientList, of either product.
type nhnRecipient struct {
	To      string            `json:"recipientNo"`
	Country string            `json:"countryCode"`
	Foreign string            `json:"internationalRecipientNo"`
	Ref     string            `json:"recipientGroupingKey"`
	Values  map[string]string `json:"templateParameter"`
	Content string            `json:"content"`
	Buttons json.RawMessage   `json:"buttons"`
}

// number is the phone in Korean form.
func (r *nhnRecipient) number() string {
	to := r.To
	if to == "" {
		to = r.Foreign
	}
	to = strings.NewReplacer("-", "", " ", "").Replace(to)
	if national, abroad := strings.CutPrefix(to, "82"); abroad {
		return "0" + national
	}
	return to
}

// nhnUpload takes a picture.
func (s *Simulator) nhnUpload(a *account, r *http.Request) (any, error) {
	var body struct {
		Name string `json:"fileName"`
		User string `json:"createUser"`
		Body string `json:"fileBody"`
	}
	if err := nhnRead(r, &body); err != nil {
		return nil, err
	}
	content, whole := decodedFile(body.Body)
	name := strings.ToLower(body.Name)
	switch {
	case body.Name == "" || utf8.RuneCountInString(body.Name) > 45:
		return nil, nhnError(-2002, "Attached file name is not valid.")
	case !strings.HasSuffix(name, ".jpg") && !strings.HasSuffix(name, ".jpeg"):
		return nil, nhnError(-2003, "Attached file extension is not valid.")
	case !whole:
		return nil, nhnError(-2009, "Attached file could not be uploaded.")
	}
	shown := show(content)
	switch nhnFrame.lacks(shown) {
	case "format":
		return nil, nhnError(-2010, "Attached file type is not valid.")
	case "size", "resolution":
		return nil, nhnError(-2005, "Attached file size is not valid.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ids.serial++
	id := 100_000 + mix(s.ids.key)%900_000 + s.ids.serial
	a.keepUpload(nhn, strconv.FormatUint(id, 10), shown)
	return map[string]any{"header": nhnFine, "body": map[string]any{"data": map[string]any{"fileId": id, "fileName": body.Name, "filePath": "toast-mt/"}}}, nil
}

// nhnPictures gives the pictures of a request.
func (s *Simulator) nhnPictures(a *account, ids []int64) ([]Shown, error) {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = strconv.FormatInt(id, 10)
	}
	shown, there := s.uploaded(a, nhn, names)
	sum := 0
	for _, p := range shown {
		sum += p.Bytes
	}
	switch {
	case len(ids) > mostShown:
		return nil, nhnError(-2002, "Attached files are more than 3.")
	case !there:
		return nil, nhnError(-2004, "Attached file is expired.")
	case sum > 800<<10:
		return nil, nhnError(-2005, "Attached file size is not valid.")
	}
	return shown, nil
}

// nhnText sends a text of one kind to the recipients of a request.
func (s *Simulator) nhnText(k kind) call {
	return func(a *account, r *http.Request) (any, error) {
		var body struct {
			Title      string         `json:"title"`
			Body       string         `json:"body"`
			From       string         `json:"sendNo"`
			Batch      string         `json:"senderGroupingKey"`
			Recipients []nhnRecipient `json:"recipientList"`
			Files      []int64        `json:"attachFileIdList"`
		}
		if err := nhnRead(r, &body); err != nil {
			return nil, err
		}
		shown, err := s.nhnPictures(a, body.Files)
		if err != nil {
			return nil, err
		}
		d := draft{kind: k, from: strings.ReplaceAll(body.From, "-", ""), text: body.Body, subject: body.Title, extra: pictured(shown)}
		if k == lms && len(shown) > 0 {
			d.kind = mms
		}
		if err := s.nhnCheckText(a, d, len(body.Recipients)); err != nil {
			return nil, err
		}
		if strings.Contains(r.URL.Path, "/ad-") && !advertised(d.text) {
			return nil, nhnError(-6003, "The text does not show what an advertisement has to show.")
		}
		g, err := s.nhnSend(a, body.Batch, body.Recipients, func(*nhnRecipient) draft { return d })
		if err != nil {
			return nil, err
		}
		return s.nhnSent(g, func(request string, results []nhnResult) any {
			return map[string]any{"header": nhnFine, "body": map[string]any{"data": map[string]any{"requestId": request, "statusCode": "2",
				"senderGroupingKey": body.Batch, "sendResultList": results}}}
		})
	}
}

// advertised reports whether a text shows what an advertisement has to show.
func advertised(text string) bool {
	ad, err := korea.Advertise(text, "")
	return err == nil && !ad.Marked
}

// nhnCheckText finds why a text is refused as a whole.
func (s *Simulator) nhnCheckText(a *account, d draft, recipients int) error {
	_, bad := korea.Bytes(d.text + d.subject)
	most := 255
	if d.kind != sms {
		most = 4000
	}
	switch {
	case recipients == 0:
		return nhnError(-2001, "Recipient is empty.")
	case recipients > nhnRequestMost:
		return nhnError(-2016, "Recipients are more than 1000.")
	case strings.TrimSpace(d.text) == "" || d.kind != sms && strings.TrimSpace(d.subject) == "":
		return nhnError(-2014, "Title or body is empty.")
	case utf8.RuneCountInString(d.text) > most || utf8.RuneCountInString(d.subject) > 120:
		return nhnError(-2015, "Title or body is too long.")
	case len(bad) > 0:
		return nhnError(-2023, "Characters that cannot be sent.")
	case !senderForm(d.from) || !s.sends(a, d.from):
		return nhnError(-2312, "Sender number is not registered.")
	}
	return nil
}

// nhnAlimtalk sends a template to the recipients of a request.
func (s *Simulator) nhnAlimtalk(a *account, r *http.Request) (any, error) {
	var body struct {
		SenderKey  string         `json:"senderKey"`
		Template   string         `json:"templateCode"`
		Batch      string         `json:"senderGroupingKey"`
		Recipients []nhnRecipient `json:"recipientList"`
	}
	if err := nhnRead(r, &body); err != nil {
		return nil, err
	}
	raw := strings.HasSuffix(r.URL.Path, "/raw-messages")
	switch {
	case len(body.SenderKey) != 40:
		return nil, nhnError(-2017, "Sender profile does not exist.")
	case body.Template == "" || len(body.Template) > 20:
		return nil, nhnError(-3003, "Template does not exist.")
	case len(body.Recipients) == 0 || len(body.Recipients) > nhnRequestMost:
		return nil, nhnError(-2005, "Recipients must be from 1 to 1000.")
	}
	known, err := s.knownSheet(a, nhn, body.SenderKey, body.Template)
	if err != nil {
		return nil, nhnError(-3005, "Template is not approved.")
	}
	if err := s.nhnOnce(a, r.Header.Get(nhnIdempotency)); err != nil {
		return nil, err
	}
	g, err := s.nhnSend(a, body.Batch, body.Recipients, func(to *nhnRecipient) draft {
		d := draft{kind: ata, text: to.Content, kakao: &kakaoPart{pfID: body.SenderKey, templateID: body.Template, disableSMS: true, buttons: string(to.Buttons)}}
		if !raw {
			d.text = known.render(to.Values)
		}
		d.mismatch = known.mismatches(d.text)
		if strings.TrimSpace(d.text) == "" {
			d.code = codeMissing
		} else if utf8.RuneCountInString(d.text) > alimtalkLimit {
			d.code = codeTooLong
		}
		return d
	})
	if err != nil {
		s.nhnForget(a, r.Header.Get(nhnIdempotency))
		return nil, err
	}
	return s.nhnSent(g, func(request string, results []nhnResult) any {
		header := nhnFine
		if g.count.RegisteredSuccess == 0 {
			header = nhnHeader{false, -1031, "All recipients failed."}
		}
		return map[string]any{"header": header, "message": map[string]any{"requestId": request, "senderGroupingKey": body.Batch, "sendResults": results}}
	})
}

// nhnOnce refuses an idempotency key that was used in the last ten minutes.
func (s *Simulator) nhnOnce(a *account, key string) error {
	if key == "" {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if used, again := a.keys[key]; again && now.Sub(used) < nhnRemembers {
		return nhnError(-1005, "The idempotency key was used already.")
	}
	if a.keys == nil {
		a.keys = map[string]time.Time{}
	}
	a.keys[key] = now
	return nil
}

// nhnForget frees the key of a request that nothing was taken of.
func (s *Simulator) nhnForget(a *account, key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(a.keys, key)
}

// nhnSend makes a call of recipients and hands it over at once.
func (s *Simulator) nhnSend(a *account, batch string, to []nhnRecipient, form func(*nhnRecipient) draft) (*group, error) {
	now := time.Now()
	drafts, wire := make([]draft, len(to)), make([]wireMessage, len(to))
	for i := range to {
		drafts[i], wire[i].To.one = form(&to[i]), to[i].number()
		drafts[i].fields = refFields(to[i].Ref)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	id := now.In(korea.Seoul).Format(clockForm) + s.ids.next("R", clockForm, now)[idLength-11:]
	return s.handOverCall(nhn, a, group{id: id, customFields: map[string]string{"batch": batch}, allowDuplicates: true}, drafts, wire, now)
}

// refFields are customFields that hold our reference, as /_sim/received reads them.
func refFields(ref string) string {
	if ref == "" {
		return ""
	}
	text, err := json.Marshal(map[string]string{"ref": ref})
	if err != nil {
		return "" // a text always marshals
	}
	return string(text)
}

// reference reads what refFields wrote.
func (m *message) reference() string {
	var fields struct {
		Ref string `json:"ref"`
	}
	if m.fields == "" || json.Unmarshal([]byte(m.fields), &fields) != nil {
		return ""
	}
	return fields.Ref
}
