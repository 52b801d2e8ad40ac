package simulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"unicode/utf8"
)

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

// invalid is the refusal of a request that is wrong in itself.
func invalid(text string) error { return refuse(http.StatusBadRequest, "ValidationError", text) }

func notFound(text string) error { return refuse(http.StatusNotFound, "ResourceNotFound", text) }

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
	mux.HandleFunc("POST /_sim/reset", func(w http.ResponseWriter, _ *http.Request) {
		s.Reset()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.Handle("/", s.open(func(*account, *http.Request) (any, error) {
		return nil, notFound("요청하신 리소스를 찾을 수 없습니다.")
	}))
	return mux
}

// calls are the paths of the vendor that want a login.
func (s *Simulator) calls() map[string]call {
	return map[string]call{
		"POST /messages/v4/send":                               s.sendOne,
		"POST /messages/v4/send-many":                          s.sendMany,
		"POST /messages/v4/send-many/fast":                     s.sendManyDetail,
		"POST /messages/v4/send-many/detail":                   s.sendManyDetail,
		"GET /messages/v4/list":                                s.asked(s.listMessages),
		"GET /messages/v4/list-old":                            s.asked(s.listMessages),
		"GET /messages/v4/statistics":                          s.statistics,
		"POST /messages/v4/groups":                             s.createGroup,
		"GET /messages/v4/groups":                              s.asked(s.listGroups),
		"GET /messages/v4/groups/{group}":                      s.asked(s.getGroup),
		"DELETE /messages/v4/groups/{group}":                   s.deleteGroup,
		"PUT /messages/v4/groups/{group}/messages":             s.addMessages,
		"GET /messages/v4/groups/{group}/messages":             s.asked(s.groupMessages),
		"DELETE /messages/v4/groups/{group}/messages":          s.deleteMessages,
		"POST /messages/v4/groups/{group}/send":                s.sendGroup,
		"POST /messages/v4/groups/{group}/resend":              s.resendGroup,
		"POST /messages/v4/groups/{group}/schedule":            s.scheduleGroup,
		"DELETE /messages/v4/groups/{group}/schedule":          s.unscheduleGroup,
		"GET /cash/v1/balance":                                 s.getBalance,
		"GET /quota/v1/me":                                     s.getQuota,
		"GET /pricing/v1/messaging":                            s.getPricing,
		"GET /pricing/v1/messaging/countries":                  s.getPricingCountries,
		"GET /senderid/v1/numbers/active":                      s.activeSenders,
		"GET /users/v1/member":                                 s.getMember,
		"POST /storage/v1/files":                               s.uploadFile,
		"GET /storage/v1/files":                                s.listFiles,
		"GET /storage/v1/files/{file}":                         s.getFile,
		"DELETE /storage/v1/files/{file}":                      s.deleteFile,
		"GET /kakao/v2/channels":                               s.listChannels,
		"POST /kakao/v2/channels":                              s.createChannel,
		"GET /kakao/v2/channels/categories":                    s.categories,
		"POST /kakao/v2/channels/token":                        s.channelToken,
		"GET /kakao/v2/channels/{channel}":                     s.getChannel,
		"DELETE /kakao/v2/channels/{channel}":                  s.deleteChannel,
		"GET /kakao/v2/templates":                              s.listTemplates,
		"POST /kakao/v2/templates":                             s.createTemplate,
		"GET /kakao/v2/templates/categories":                   s.categories,
		"GET /kakao/v2/templates/sendable":                     s.sendableTemplates,
		"GET /kakao/v2/templates/{template}":                   s.getTemplate,
		"PUT /kakao/v2/templates/{template}":                   s.updateTemplate,
		"DELETE /kakao/v2/templates/{template}":                s.deleteTemplate,
		"PUT /kakao/v2/templates/{template}/name":              s.renameTemplate,
		"PUT /kakao/v2/templates/{template}/inspection":        s.inspectTemplate,
		"PUT /kakao/v2/templates/{template}/inspection/cancel": s.cancelInspection,
		"POST /kakao/v2/templates/{template}/relese-dormant":   s.releaseTemplate,
		"POST /webhook/v1/outgoing":                            s.createHook,
		"GET /webhook/v1/outgoing":                             s.listHooks,
		"DELETE /webhook/v1/outgoing/{hook}":                   s.deleteHook,
	}
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

// refuseSolapi writes an error as Solapi does.
func refuseSolapi(w http.ResponseWriter, no *refusal) int {
	return write(w, no.status, struct {
		ErrorCode    string `json:"errorCode"`
		ErrorMessage string `json:"errorMessage"`
	}{no.code, no.text})
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

// read decodes the JSON body of r into v; an absent body leaves v as it is.
func read(r *http.Request, v any) error {
	body, err := io.ReadAll(r.Body)
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return refuse(http.StatusRequestEntityTooLarge, "PayloadTooLarge", "요청 본문은 15MB를 넘을 수 없습니다.")
	case err != nil:
		return invalid("요청 본문을 읽을 수 없습니다.")
	case len(body) == 0:
		return nil
	case !utf8.Valid(body):
		return invalid("요청 본문은 UTF-8이어야 합니다.")
	}
	if err := json.Unmarshal(body, v); err != nil {
		return invalid("요청 본문이 올바른 JSON이 아닙니다: " + err.Error())
	}
	return nil
}
