package sendgo

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"creditmsg/internal/korea"
	"creditmsg/internal/provider"
	"creditmsg/internal/upstream"
)

// keepFor is how long a token, which is valid for a day, and the senders' keys are kept.
const keepFor = 50 * time.Minute

// kept is what the account remembers between calls.
type kept struct {
	turn    chan struct{} // who asks for a token; the others wait for the same one
	mu      sync.Mutex    // guards the rest
	token   string
	until   time.Time
	senders map[korea.Number]string // keys by number
	asked   time.Time
}

// token gives the token in use, or a new one. Failed is why there is none, as a result of
// the call that needs it.
func (a *account) token(ctx context.Context) (token string, failed *provider.Result) {
	if token := a.known(); token != "" {
		return token, nil
	}
	select {
	case a.kept.turn <- struct{}{}:
		defer func() { <-a.kept.turn }()
	case <-ctx.Done():
		result := provider.Unsent(ctx, "get a token", ctx.Err())
		return "", &result
	}
	if token := a.known(); token != "" {
		return token, nil
	}
	reply := a.call(ctx, http.MethodPost, "/token", "Basic "+base64.StdEncoding.EncodeToString([]byte(a.key+":"+a.secret)), nil)
	if failed := before(ctx, "get a token", reply); failed != nil {
		return "", failed
	}
	var answer struct {
		Data struct {
			Token string `json:"token"`
		} `json:"data"`
	}
	if err := upstream.Lenient(json.Unmarshal(reply.Body, &answer)); err != nil || answer.Data.Token == "" || !plain(answer.Data.Token) {
		return "", &provider.Result{Outcome: provider.NotSent, Reason: provider.ProviderInternal, Text: "get a token: the reply names none"}
	}
	a.kept.mu.Lock()
	defer a.kept.mu.Unlock()
	a.kept.token, a.kept.until = answer.Data.Token, a.now().Add(keepFor)
	return a.kept.token, nil
}

// known is the token in use; empty when there is none.
func (a *account) known() string {
	a.kept.mu.Lock()
	defer a.kept.mu.Unlock()
	if a.now().After(a.kept.until) {
		return ""
	}
	return a.kept.token
}

// plain keeps anything but a token out of a header.
func plain(token string) bool {
	for i := range len(token) {
		if token[i] <= ' ' || token[i] >= 0x7f {
			return false
		}
	}
	return len(token) <= 4096
}

// forget gives up a token that is not taken any more, unless there is a newer one.
func (a *account) forget(token string) {
	a.kept.mu.Lock()
	defer a.kept.mu.Unlock()
	if a.kept.token == token {
		a.kept.token = ""
	}
}

// authorised makes a request with a token, and once more with a new one when it was refused
// for the old one: then it was not carried out.
func (a *account) authorised(ctx context.Context, method, path string, body []byte) (upstream.Reply, *provider.Result) {
	for again := false; ; again = true {
		token, failed := a.token(ctx)
		if failed != nil {
			return upstream.Reply{}, failed
		}
		reply := a.call(ctx, method, path, "Bearer "+token, body)
		if again || reply.Err != nil || reply.Status != http.StatusUnauthorized && reply.Status != http.StatusForbidden || final[said(reply).code] {
			return reply, nil
		}
		a.forget(token)
	}
}

// senderKey is the vendor's key of a registered sender number; empty when it has none.
func (a *account) senderKey(ctx context.Context, number korea.Number) (key string, failed *provider.Result) {
	a.kept.mu.Lock()
	key, known := a.kept.senders[number]
	fresh := a.now().Sub(a.kept.asked) < keepFor
	a.kept.mu.Unlock()
	if known && fresh {
		return key, nil
	}
	reply, failed := a.authorised(ctx, http.MethodGet, "/senders", nil)
	if failed == nil {
		failed = before(ctx, "list senders", reply)
	}
	if failed != nil {
		return "", failed
	}
	var answer struct {
		Data struct {
			Senders []wireSender `json:"senders"`
		} `json:"data"`
	}
	if err := upstream.Lenient(json.Unmarshal(reply.Body, &answer)); err != nil {
		return "", &provider.Result{Outcome: provider.NotSent, Reason: provider.ProviderInternal, Text: "list senders: the reply cannot be read"}
	}
	keys := map[korea.Number]string{}
	for _, s := range answer.Data.Senders {
		if n, ok := s.number(); ok && senderStates[s.Status] == provider.SenderUsable {
			keys[n] = s.UUID
		}
	}
	a.kept.mu.Lock()
	defer a.kept.mu.Unlock()
	a.kept.senders, a.kept.asked = keys, a.now()
	return keys[number], nil
}

// number is the sender number in national form; ok is false for one that cannot send.
func (w *wireSender) number() (n korea.Number, ok bool) {
	n, err := korea.ParseSender(w.Number)
	if err != nil {
		n, err = korea.ParseSender(w.E164)
	}
	return n, err == nil
}
