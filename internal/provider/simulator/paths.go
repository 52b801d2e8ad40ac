package simulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"unicode/utf8"
)

// How requests come in and answers go out, whichever vendor is spoken to.

// bodyLimit is the vendor's limit of one request.
const bodyLimit = 15 << 20

// refusal is an answer with another status than 200, in the vendor's form.
type refusal struct {
	status int
	code   string // errorCode
	text   string // errorMessage

	retryAfter string // header Retry-After; empty = none
}

func (r *refusal) Error() string { return fmt.Sprintf("%d %s: %s", r.status, r.code, r.text) }

func refuse(status int, code, text string) error {
	return &refusal{status: status, code: code, text: text}
}

// call answers one authenticated request of a. The reply is written as JSON; a
// json.RawMessage goes out as it is.
type call func(a *account, r *http.Request) (any, error)

// routes is every path the simulator knows.
func (s *Simulator) routes() http.Handler {
	mux := http.NewServeMux()
	for pattern, c := range s.calls() {
		mux.Handle(pattern, s.authenticated(c))
	}
	for pattern, c := range s.nhnCalls() {
		mux.Handle(pattern, s.gate(nhn, s.nhnLogin, c))
	}
	for pattern, c := range s.sensCalls() {
		mux.Handle(pattern, s.gate(sens, s.sensLogin, c))
	}
	for v, calls := range s.aligoCalls() {
		for pattern, c := range calls {
			mux.Handle(pattern, s.gate(v, s.aligoLogin, c))
		}
	}
	for pattern, c := range s.sendgoCalls() {
		mux.Handle(pattern, s.gate(sendgo, s.sendgoBearer, c))
	}
	mux.Handle("POST /api/{version}/token", s.gate(sendgo, s.sendgoBasic, s.sendgoToken))
	mux.Handle("GET /pricing/v1/messaging/default", s.open(s.getDefaultPricing))
	mux.HandleFunc("GET /_sim/received", s.serveReceived)
	mux.HandleFunc("GET /_sim/scenario", s.getScenario)
	mux.HandleFunc("PUT /_sim/scenario", s.putScenario)
	mux.HandleFunc("GET /_sim/templates", s.listSimTemplates)
	mux.HandleFunc("PUT /_sim/templates", s.setSimTemplate)
	mux.HandleFunc("POST /_sim/reset", func(w http.ResponseWriter, _ *http.Request) {
		s.Reset()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.Handle("/", s.open(func(*account, *http.Request) (any, error) {
		return nil, notFound("요청하신 리소스를 찾을 수 없습니다.")
	}))
	return mux
}

// asked answers c unless the scenario makes an operator that cannot be asked.
func (s *Simulator) asked(c call) call {
	return func(a *account, r *http.Request) (any, error) {
		s.mu.Lock()
		mute := s.scenario.NoLookup
		s.mu.Unlock()
		if mute {
			return nil, errorBefore.errorOf()
		}
		return c(a, r)
	}
}

// open answers c without a login.
func (s *Simulator) open(c call) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.answer(solapi, w, r, c, nil) })
}

// answer runs c and writes what it says, in the words of a vendor; it returns the status.
func (s *Simulator) answer(v *vendor, w http.ResponseWriter, r *http.Request, c call, a *account) int {
	r.Body = http.MaxBytesReader(w, r.Body, bodyLimit)
	s.linger(r)
	reply, err := c(a, r)
	if h, ok := reply.(held); ok {
		s.until(r, h.until)
		reply = h.reply
	}
	switch {
	case err == nil:
		return writeReply(w, reply)
	case errors.Is(err, errCut), errors.Is(err, errHang):
		return s.breakOff(w, r, err)
	}
	var no *refusal
	if !errors.As(err, &no) {
		no = &refusal{status: http.StatusInternalServerError, code: "InternalError", text: "알 수 없는 오류가 발생했습니다."}
	}
	if no.retryAfter != "" {
		w.Header().Set("Retry-After", no.retryAfter)
	}
	return v.refuse(w, no)
}

// withStatus is a reply with another status than 200.
type withStatus struct {
	status int
	reply  any
}

func writeReply(w http.ResponseWriter, reply any) int {
	if other, ok := reply.(withStatus); ok {
		return write(w, other.status, other.reply)
	}
	return write(w, http.StatusOK, reply)
}

// write sends reply as JSON and returns the status.
func write(w http.ResponseWriter, status int, reply any) int {
	body, ok := reply.(json.RawMessage)
	if !ok {
		var err error
		if body, err = json.Marshal(reply); err != nil {
			status, body = http.StatusInternalServerError, []byte(`{"errorCode":"InternalError","errorMessage":""}`)
		}
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that went away has no use for an error
	return status
}

// decoded reads the JSON body of a request into v, and says whether there was one.
func decoded(r *http.Request, v any) bool {
	body, err := io.ReadAll(r.Body)
	return err == nil && utf8.Valid(body) && json.Unmarshal(body, v) == nil
}
