package api

import (
	"net/http"
	"reflect"
	"slices"

	"creditmsg/internal/access"
	"creditmsg/internal/fault"
)

// forgottenBody is who forgot his password.
type forgottenBody struct {
	Email string `json:"email" example:"kim@example.com"`
}

// resetBody is what somebody shows to set it.
type resetBody struct {
	Token    string `json:"token" doc:"That the link of the mail bears behind #token=."`
	Password string `json:"password" doc:"The new one, of 10 to 200 characters."`
	Code     string `json:"code,omitempty" doc:"Of the second factor, or a recovery code. Who has one and leaves it out is refused with second_factor: required, and the link still counts."`
}

// passwordResets declares the routes of who forgot his password, which need no token.
func passwordResets(a *api) {
	const path = "/v1/password-resets"
	ask := operation{
		id: "askPasswordReset", method: http.MethodPost, path: path, tag: peopleTag, status: http.StatusAccepted,
		summary: "Have a link sent to who forgot his password", about: "The mail goes to the address if somebody has an account of it; the reply is the same whether somebody does or not. " +
			"The link counts once, for half an hour. Too many requests have to wait. Where the installation sends no mails it is refused: whoever keeps the accounts makes a new password then.",
		codes: append(slices.Clone(openBodyCodes), fault.CodeNotSupported), body: bodyOf[forgottenBody](a, "PasswordForgotten"),
	}
	plain(a, ask, reflect.TypeFor[nothing](), a.answering(func(w http.ResponseWriter, r *http.Request, x *exchange) (*reply, error) {
		var body forgottenBody
		if err := a.openBody(w, r, x, "email", &body); err != nil {
			return nil, err
		}
		if err := a.People.AskReset(r.Context(), body.Email, a.client(r)); err != nil {
			return nil, err
		}
		return rendered(ask.status, nil)
	}))
	finish := operation{
		id: "finishPasswordReset", method: http.MethodPost, path: path + "/confirm", tag: peopleTag, status: http.StatusNoContent,
		summary: "Set a forgotten password by the link of a mail", about: "All sessions of the person end, and all other links; a mail tells him.",
		codes: openBodyCodes, body: bodyOf[resetBody](a, "PasswordReset"),
	}
	plain(a, finish, reflect.TypeFor[nothing](), a.answering(func(w http.ResponseWriter, r *http.Request, x *exchange) (*reply, error) {
		var body resetBody
		if err := a.openBody(w, r, x, "token and password, and code", &body); err != nil {
			return nil, err
		}
		if err := a.People.FinishReset(r.Context(), access.Reset{Token: body.Token, Password: body.Password, Code: body.Code, From: a.client(r)}); err != nil {
			return nil, err
		}
		return rendered(finish.status, nil)
	}))
}
