package nhncloud

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"creditmsg/internal/id"
	"creditmsg/internal/provider"
)

// lister is a vendor whose lists answer by the last part of their path: mms, sms or messages.
type lister struct {
	replies map[string]string
	asked   []string
}

func (v *lister) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	list := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	v.asked = append(v.asked, list)
	_, _ = io.WriteString(w, v.replies[list])
}

func TestALookUpAsksTheListsOfTheCallAndNoErrorOfAnotherHidesWhatIsThere(t *testing.T) {
	const fine, wrong = `{"header":{"isSuccessful":true,"resultCode":0},`, `{"header":{"isSuccessful":false,"resultCode":-1000}}`
	const noText, noKakao = fine + `"body":{"data":[]}}`, fine + `"messageSearchResultResponse":{"messages":[]}}`
	call := id.New()
	row := `{"requestId":"R1","recipientSeq":1,"senderGroupingKey":"` + call.String() + `","recipientGroupingKey":"r","msgStatus":"2"}`
	text := fine + `"body":{"data":[` + row + `]}}`
	for name, c := range map[string]struct {
		channels []provider.Channel
		replies  map[string]string
		asked    []string
		verdict  provider.Verdict
		wantErr  bool
	}{
		"a text of an account without alimtalk":    {[]provider.Channel{provider.SMS}, map[string]string{"messages": wrong, "sms": text}, []string{"sms"}, provider.LookupTaken, false},
		"a long text":                              {[]provider.Channel{provider.LMS}, map[string]string{"mms": text}, []string{"mms"}, provider.LookupTaken, false},
		"a long text and one with pictures":        {[]provider.Channel{provider.LMS, provider.MMS}, map[string]string{"mms": noText}, []string{"mms"}, provider.LookupUnknown, false},
		"a text that is not there":                 {[]provider.Channel{provider.SMS}, map[string]string{"messages": wrong, "sms": noText}, []string{"sms"}, provider.LookupUnknown, false},
		"a text whose list fails":                  {[]provider.Channel{provider.SMS}, map[string]string{"sms": wrong}, []string{"sms"}, provider.LookupUnknown, true},
		"of any channel, with one list that fails": {nil, map[string]string{"messages": wrong, "sms": text}, []string{"messages", "sms"}, provider.LookupTaken, false},
		"of any channel, found nowhere":            {nil, map[string]string{"messages": noKakao, "sms": noText, "mms": noText}, []string{"messages", "sms", "mms"}, provider.LookupUnknown, false},
		"of any channel, where nothing is certain": {nil, map[string]string{"messages": wrong, "sms": noText, "mms": noText}, []string{"messages", "sms", "mms"}, provider.LookupUnknown, true},
	} {
		v := &lister{replies: c.replies}
		s := httptest.NewServer(v)
		p, err := New(provider.Account{Name: "nhn", URL: s.URL, APIKey: "app", APISecret: "secret"})
		if err != nil {
			t.Fatal(err)
		}
		got, err := p.Lookup(t.Context(), provider.Enquiry{ID: call, At: time.Now(), Channels: c.channels})
		s.Close()
		if got.Verdict != c.verdict || (err != nil) != c.wantErr || !slices.Equal(v.asked, c.asked) {
			t.Errorf("%s: got %d, %v after asking %v; want %d, an error %v after asking %v", name, got.Verdict, err, v.asked, c.verdict, c.wantErr, c.asked)
		}
	}
}
