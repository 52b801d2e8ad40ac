package api

import (
	"context"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"creditmsg/internal/access"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/site"
)

const peopleTag = "People"

// signInBody is what somebody shows to be let in.
type signInBody struct {
	Email    string `json:"email" example:"kim@example.com"`
	Password string `json:"password"`
	Code     string `json:"code,omitempty" doc:"Of the second factor, or a recovery code. Who has one and leaves it out is refused with second_factor: required."`
}

// SessionView is a session without its secret.
type SessionView struct {
	ID          string       `json:"id"`
	CreatedAt   instant      `json:"created_at"`
	LastUsedAt  maybeInstant `json:"last_used_at" doc:"To the minute."`
	ExpiresAt   maybeInstant `json:"expires_at"`
	EndedAt     maybeInstant `json:"ended_at" doc:"When somebody ended it."`
	ConfirmedAt maybeInstant `json:"confirmed_at" doc:"When a second factor was last given; it counts for 15 minutes."`
	Current     bool         `json:"current" doc:"It is the one that asks."`
}

// begunView is a session with its secret, once.
type begunView struct {
	SessionView
	Token string `json:"token" secret:"once" doc:"Sent as a token: Authorization: Bearer …" example:"cm_live_…"`
	User  string `json:"user_id" example:"usr_01k9zqm0v8e4t9w2n7c5r3x6yb"`
}

func (x *exchange) showSession(t site.Token) (SessionView, error) {
	return SessionView{t.ID.Text(id.Token), instant(t.CreatedAt), maybeInstant(t.LastUsedAt), maybeInstant(t.ExpiresAt), maybeInstant(t.RevokedAt),
		maybeInstant(t.ConfirmedAt), t.ID == x.token.ID}, nil
}

type sessionNamed struct {
	ID string `path:"id" doc:"tok_…, or current"`
}

type codeInput struct {
	Body struct {
		Code string `json:"code" doc:"Of the second factor, or a recovery code. Each counts once." example:"123456"`
	} `nameHint:"SecondFactorCode"`
}

// signedIn is a route of a person about himself. It takes no Idempotency-Key: what is kept of
// a body under one is a plain digest, from which a password could be guessed.
func signedIn(id, method, path string, status int, summary, about string, codes ...string) operation {
	return operation{id: id, method: method, path: path, tag: peopleTag, ability: access.Signed, house: true, status: status, summary: summary, about: about,
		unkeyed: true, codes: append(codes, fault.CodeMalformed, fault.CodeBodyTooLarge, fault.CodeUnsupportedMedia)}
}

// sessions declares the routes by which people come in and go.
func sessions(a *api) {
	a.declareSignIn()
	read(a, operation{id: "listSessions", method: http.MethodGet, path: "/v1/sessions", tag: peopleTag, ability: access.Signed, house: true, status: http.StatusOK,
		summary: "List one's own sessions, oldest first", about: "Also those that ended within the last month."}, a.listSessions)
	end := signedIn("endSession", http.MethodDelete, "/v1/sessions/{id}", http.StatusNoContent, "Sign out: end one of one's own sessions at once", "`current` is the one that asks.")
	register[sessionNamed, nothing](a, end, func(ctx context.Context, x *exchange, in *sessionNamed) (*reply, error) {
		session := x.token.ID
		if in.ID != "current" {
			var err error
			if session, err = named(id.Token, "session", in.ID); err != nil {
				return nil, err
			}
		}
		err := a.DB.Update(ctx, end.metric(), func(tx *db.Tx) error { return a.People.EndSession(tx, x.call.Person.ID, session) })
		if err != nil {
			return nil, err
		}
		return rendered(end.status, nil)
	})
	confirm := signedIn("confirmSession", http.MethodPost, "/v1/sessions/current/confirm", http.StatusOK, "Give a code of the second factor",
		"What moves money or makes keys is possible for 15 minutes then.", fault.CodeStateConflict)
	register[codeInput, SessionView](a, confirm, func(ctx context.Context, x *exchange, in *codeInput) (*reply, error) {
		if err := a.People.Confirm(ctx, x.self(), in.Body.Code); err != nil {
			return nil, err
		}
		return a.currentSession(ctx, x, confirm)
	})
}

// currentSession shows the session that asks, as it is now.
func (a *api) currentSession(ctx context.Context, x *exchange, o operation) (out *reply, err error) {
	err = a.DB.View(ctx, o.metric()+"_show", func(tx *db.Tx) error {
		t, err := site.FindSession(tx, x.call.Person.ID, x.token.ID)
		if err != nil {
			return err
		}
		view, err := x.showSession(t)
		if err == nil {
			out, err = rendered(o.status, view)
		}
		return err
	})
	return out, err
}

func (a *api) listSessions(tx *db.Tx, x *exchange, in *Paging) (out listOf[SessionView], err error) {
	l, err := a.list(tx, x, "sessions", x.actor())
	if err != nil {
		return out, err
	}
	var after id.ID
	if err := l.after(in.Cursor, &after); err != nil {
		return out, err
	}
	rows, err := site.Sessions(tx, x.call.Person.ID, after, in.Limit+1)
	if err != nil {
		return out, err
	}
	return pageOf(l, rows, in.Limit, x.showSession, func(t site.Token) any { return t.ID })
}

// declareSignIn declares the one route that makes a session, which needs no token.
func (a *api) declareSignIn() {
	o := operation{
		id: "signIn", method: http.MethodPost, path: "/v1/sessions", tag: peopleTag, status: http.StatusCreated,
		summary: "Sign in", about: "Gives a token that is the person's, for 12 hours. An address that is not known and a wrong password are answered alike. Too many tries have to wait.",
		codes: openBodyCodes, body: bodyOf[signInBody](a, "SignIn"),
	}
	plain(a, o, reflect.TypeFor[begunView](), a.answering(func(w http.ResponseWriter, r *http.Request, x *exchange) (*reply, error) {
		return a.signIn(w, r, x)
	}))
}

// openBodyCodes are what a route with a body and without a token may answer besides.
var openBodyCodes = []string{fault.CodeMalformed, fault.CodeUnauthenticated, fault.CodeBodyTooLarge, fault.CodeUnsupportedMedia, fault.CodeValidation, fault.CodeRateLimited, fault.CodeUnavailable}

// bodyOf describes the body of a route that reads it by itself.
func bodyOf[T any](a *api, name string) *huma.RequestBody {
	schema := a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[T](), true, name)
	return &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: schema}}}
}

// maxSignIn bounds the body of who is not known yet.
const maxSignIn = 16 << 10

// openBody reads the body of a request that needs no token; want says what it has.
func (a *api) openBody(w http.ResponseWriter, r *http.Request, x *exchange, want string, body any) error {
	if err := a.limitAddress(r, x); err != nil {
		return err
	}
	if _, err := mediaOf(r, false); err != nil {
		return err
	}
	text, release, err := a.whole(w, r, maxSignIn)
	defer release()
	if err != nil {
		return err
	}
	if err := unmarshal(text, body); err != nil {
		return fault.Wrap(err, fault.Malformed, fault.CodeMalformed, "the request cannot be read: want an object with %s", want)
	}
	return nil
}

func (a *api) signIn(w http.ResponseWriter, r *http.Request, x *exchange) (*reply, error) {
	var body signInBody
	if err := a.openBody(w, r, x, "email and password, and code", &body); err != nil {
		return nil, err
	}
	s, err := a.People.SignIn(r.Context(), access.SignIn{Email: body.Email, Password: body.Password, Code: body.Code, From: a.client(r)})
	if err != nil {
		return nil, err
	}
	x.token = s.Token
	view, err := x.showSession(s.Token)
	if err != nil {
		return nil, err
	}
	return rendered(http.StatusCreated, begunView{view, s.Secret, s.User.ID.Text(id.User)})
}
