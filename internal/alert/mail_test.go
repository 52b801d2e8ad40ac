package alert

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"slices"
	"strings"
	"testing"

	"creditmsg/internal/db"
	"creditmsg/internal/event"
	"creditmsg/internal/id"
)

// subject gives a mail's subject as people read it.
func subject(t testing.TB, d delivered) string {
	t.Helper()
	text, err := (&mime.WordDecoder{}).DecodeHeader(d.header(t).Get("Subject"))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// bodies gives the parts of a mail by their media types, decoded.
func bodies(t testing.TB, text string) map[string]string {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("content type %q: %v", kind, err)
	}
	parts := map[string]string{}
	for r := multipart.NewReader(m.Body, params["boundary"]); ; {
		p, err := r.NextRawPart()
		if err == io.EOF {
			return parts
		}
		if err != nil {
			t.Fatal(err)
		}
		var body io.Reader = p
		switch p.Header.Get("Content-Transfer-Encoding") {
		case "base64":
			body = base64.NewDecoder(base64.StdEncoding, p)
		case "quoted-printable":
			body = quotedprintable.NewReader(p)
		}
		data, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		kind, _, _ := mime.ParseMediaType(p.Header.Get("Content-Type"))
		parts[kind] = string(data)
	}
}

// headers are all that a mail may have.
var headers = []string{"Auto-Submitted", "Content-Type", "Date", "From", "Message-Id", "Mime-Version", "Subject", "To", "X-Auto-Response-Suppress"}

func composed(t testing.TB, from, to, name string) string {
	t.Helper()
	s := &Service{o: Options{SMTP: SMTP{From: from}}}
	e := errand{event: event.Stored{ID: id.New(), At: db.At(noon)}, mark: "s0", kind: "low", contact: contact{kindMail, to, Korean}}
	var err error
	if e.written, err = write(Korean, "low", view{ID: "demo", Name: name}); err != nil {
		t.Fatal(err)
	}
	m, err := s.compose(e)
	if err != nil {
		t.Fatalf("compose to %q: %v", to, err)
	}
	var b bytes.Buffer
	if _, err := m.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func checkHeaders(t *testing.T, text, to, from string) {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(text))
	if err != nil {
		t.Fatalf("the mail cannot be read: %v\n%s", err, text)
	}
	var names []string
	for name, values := range m.Header {
		names = append(names, name)
		if len(values) != 1 {
			t.Errorf("%s stands there %d times", name, len(values))
		}
	}
	if slices.Sort(names); !slices.Equal(names, headers) {
		t.Errorf("headers %q, want %q", names, headers)
	}
	for name, want := range map[string]string{"To": to, "From": from} {
		list, err := m.Header.AddressList(name)
		if err != nil || len(list) != 1 || list[0].Address != want {
			t.Errorf("%s: got %v, %v, want %q alone", name, list, err, want)
		}
	}
}

func FuzzAnAddressThatIsAcceptedIsOneRecipientAndNothingElse(f *testing.F) {
	for _, seed := range []string{"a@b.kr", "a.b+c@mail.example", "a@b.kr\r\nBcc: x@y.kr", "<a@b.kr>", "a@b.kr>", "a@b@c.kr", "\"a b\"@c.kr", "a@[127.0.0.1]",
		"한@b.kr", "a@b.kr,c@d.kr", "a@-b.kr", "a..b@c.kr", "A@B.KR", "a@b.kr ", "a%b!c@d.kr", "a@b.kr\x00", "a@1.2"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		address, err := ParseAddress(text)
		if err != nil {
			return
		}
		if again, err := ParseAddress(address); err != nil || again != address {
			t.Fatalf("%q became %q, which became %q, %v", text, address, again, err)
		}
		if strings.ContainsAny(address, " \t\r\n<>\",;:\\()[]\x00") || len(address) > 254 {
			t.Fatalf("%q is accepted", address)
		}
		checkHeaders(t, composed(t, "alerts@credit.example", address, "demo"), address, "alerts@credit.example")
	})
}

func FuzzNoNameBreaksOutOfItsHeader(f *testing.F) {
	for _, seed := range []string{"우리 가게", "a\r\nBcc: x@y.kr", "a\nX: y\n\n<script>", "=?utf-8?q?x?=", "\x00\x7f", strings.Repeat("긴 이름 ", 60), "a\u2028b", "\n---\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		text := composed(t, "Credit <alerts@credit.example>", "a@b.kr", name)
		checkHeaders(t, text, "a@b.kr", "alerts@credit.example")
		if page := bodies(t, text)["text/html"]; strings.Contains(page, "<script") {
			t.Errorf("the name is not escaped:\n%s", page)
		}
	})
}

func FuzzASenderThatIsAcceptedIsOneSender(f *testing.F) {
	for _, seed := range []string{"alerts@credit.example", "Credit <alerts@credit.example>", "\"크레딧, 알림\" <alerts@credit.example>", "x\r\ny <a@b.kr>", "a@b.kr, c@d.kr", "=?utf-8?b?DQpCY2M6IHhAeS5rcg==?= <a@b.kr>"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if _, address, err := ParseFrom(text); err == nil {
			checkHeaders(t, composed(t, text, "a@b.kr", "demo"), "a@b.kr", address)
		}
	})
}

func TestAddressesAreReadAsMailboxesHaveThem(t *testing.T) {
	for text, want := range map[string]string{
		"Billing@Shop.Example": "Billing@shop.example", " a.b+c@mail.example ": "a.b+c@mail.example", "o'neil@x-y.co.kr": "o'neil@x-y.co.kr",
		"": "", "a": "", "a@": "", "@b.kr": "", "a@b": "", "a b@c.kr": "", ".a@b.kr": "", "a.@b.kr": "", "a@b..kr": "", "a@b.kr.": "",
		"홍길동@b.kr": "", "a@한국.kr": "", "a@1.2.3.4": "", strings.Repeat("a", 65) + "@b.kr": "", "a@" + strings.Repeat("b", 64) + ".kr": "",
		"Kim <a@b.kr>": "", "a@b.kr\nBcc: c@d.kr": "",
	} {
		if got, err := ParseAddress(text); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %q, %v, want %q", text, got, err, want)
		}
	}
}
