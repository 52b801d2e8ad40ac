package api

import (
	"context"
	"net/http"

	"creditmsg/internal/access"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
)

// meView is who asks, and what he may.
type meView struct {
	Token       TokenView    `json:"token" doc:"That asks."`
	Site        *string      `json:"site" doc:"That a request is about which names none; null = it has to name one, or is about the installation."`
	Operator    bool         `json:"operator" doc:"May do everything, on every site and on the installation."`
	Permissions []string     `json:"permissions" doc:"On that site; of a token of the installation on all. Empty where a site has to be named."`
	Person      *selfView    `json:"person" doc:"Who signed in, or whose personal token it is; null = the token is a program's."`
	Session     *SessionView `json:"session" doc:"null = nobody signed in."`
}

// selfView is a person as he sees himself.
type selfView struct {
	ID            string       `json:"id" example:"usr_01k9zqm0v8e4t9w2n7c5r3x6yb"`
	Email         string       `json:"email"`
	Name          string       `json:"name"`
	SecondFactor  bool         `json:"second_factor" doc:"Whether there is one."`
	RecoveryCodes int          `json:"recovery_codes" doc:"How many are left."`
	Roles         []roleOnSite `json:"roles"`
}

// roleOnSite is what somebody has and may in one place.
type roleOnSite struct {
	Site        *string  `json:"site" doc:"null = on all sites."`
	Roles       []string `json:"roles"`
	Permissions []string `json:"permissions" doc:"That these roles have, without those on all sites."`
}

type passwordChange struct {
	Body struct {
		Password    string `json:"password" doc:"The present one."`
		NewPassword string `json:"new_password" minLength:"10" maxLength:"200"`
	} `nameHint:"PasswordChange"`
}

type enrolInput struct {
	Body struct {
		Password string `json:"password" doc:"Asked for again: an open session alone must not make itself a key to the money."`
	} `nameHint:"SecondFactorBegin"`
}

type enrolView struct {
	Secret string `json:"secret" secret:"once" doc:"In base 32, to be typed into a program for codes."`
	URI    string `json:"uri" secret:"once" doc:"The same as an address (otpauth://…), to be shown as a QR code."`
}

type recoveryView struct {
	RecoveryCodes []string `json:"recovery_codes" secret:"once" doc:"Each stands for a code of the second factor, once. They are not shown again."`
}

// me declares the routes about who calls.
func me(a *api) {
	read(a, operation{id: "getMe", method: http.MethodGet, path: "/v1/me", tag: peopleTag, ability: access.Anyone, either: true, status: http.StatusOK,
		summary: "Who asks, and what he may",
	}, func(tx *db.Tx, x *exchange, _ *struct{}) (meView, error) { return a.showMe(tx, x) })

	password := signedIn("setPassword", http.MethodPost, "/v1/me/password", http.StatusNoContent, "Change one's own password", "All other sessions of the person end.")
	register[passwordChange, nothing](a, password, func(ctx context.Context, x *exchange, in *passwordChange) (*reply, error) {
		if err := a.People.SetPassword(ctx, x.self(), in.Body.Password, in.Body.NewPassword); err != nil {
			return nil, err
		}
		return rendered(password.status, nil)
	})

	enrol := signedIn("beginSecondFactor", http.MethodPost, "/v1/me/second-factor", http.StatusOK, "Begin to set up a second factor",
		"Time-based codes (RFC 6238) of six digits. It counts from the first code on, which goes to /v1/me/second-factor/confirm. Who has one already confirms his session with it before.")
	register[enrolInput, enrolView](a, enrol, func(ctx context.Context, x *exchange, in *enrolInput) (*reply, error) {
		e, err := a.People.Enrol(ctx, x.self(), in.Body.Password)
		if err != nil {
			return nil, err
		}
		return rendered(enrol.status, enrolView{e.Secret, e.URI})
	})

	finish := signedIn("confirmSecondFactor", http.MethodPost, "/v1/me/second-factor/confirm", http.StatusOK, "Give the first code of a new second factor",
		"It counts from then on, the session is confirmed, and the recovery codes are shown this once.", fault.CodeStateConflict)
	register[codeInput, recoveryView](a, finish, func(ctx context.Context, x *exchange, in *codeInput) (*reply, error) {
		codes, err := a.People.FinishEnrolment(ctx, x.self(), in.Body.Code)
		if err != nil {
			return nil, err
		}
		return rendered(finish.status, recoveryView{codes})
	})

	disable := signedIn("disableSecondFactor", http.MethodPost, "/v1/me/second-factor/disable", http.StatusNoContent, "Take one's own second factor off",
		"Takes one more code of it. What moves money or makes keys is not possible without one.", fault.CodeStateConflict)
	register[codeInput, nothing](a, disable, func(ctx context.Context, x *exchange, in *codeInput) (*reply, error) {
		if err := a.People.Disable(ctx, x.self(), in.Body.Code); err != nil {
			return nil, err
		}
		return rendered(disable.status, nil)
	})
	myRoles(a)
}

// myRoles declares the routes by which people say what they want to do with whom: nobody has a
// role on a site, or on the installation, before he said yes to have one there, nor any that he
// does not want any more.
func myRoles(a *api) {
	const one = "/v1/me/invitations/{id}"
	of := func(id, method, path string, status int, summary, about string) operation {
		return operation{id: id, method: method, path: path, tag: peopleTag, ability: access.Signed, house: true, status: status, summary: summary, about: about}
	}
	read(a, of("listOwnInvitations", http.MethodGet, "/v1/me/invitations", http.StatusOK, "List what one is asked to have, oldest first", ""), a.listOwnInvitations)
	write(a, of("acceptInvitation", http.MethodPost, one+"/accept", http.StatusNoContent, "Say yes to an invitation",
		"With the password that came with it, which shows who is meant. Its roles count from the next request on; one that was removed meanwhile is not given."),
		func(tx *db.Tx, x *exchange, in *invitationAccepted) (nothing, error) {
			of, err := named(id.Invitation, "invitation", in.ID)
			if err != nil {
				return nothing{}, err
			}
			return nothing{}, a.People.Accept(tx, x.call.Person.ID, of, in.Body.Password)
		})
	write(a, of("declineInvitation", http.MethodDelete, one, http.StatusNoContent, "Say no to an invitation", ""),
		func(tx *db.Tx, x *exchange, in *invitationNamed) (nothing, error) {
			of, err := named(id.Invitation, "invitation", in.ID)
			if err != nil {
				return nothing{}, err
			}
			return nothing{}, a.People.Decline(tx, x.call.Person.ID, of)
		})
	write(a, of("leaveRole", http.MethodPost, "/v1/me/roles/leave", http.StatusNoContent, "Give up a role of one's own", "Only an invitation brings it back."),
		func(tx *db.Tx, x *exchange, in *roleLeft) (nothing, error) {
			return nothing{}, a.People.Leave(tx, x.call.Person.ID, orEmptyText(in.Body.Site), in.Body.Role)
		})
}

// self is who changes something of his own account.
func (x *exchange) self() access.Self {
	return access.Self{ID: x.call.Person.ID, Session: x.token.ID, From: x.call.From}
}

func (a *api) showMe(tx *db.Tx, x *exchange) (v meView, err error) {
	if v.Token, err = showToken(x.token); err != nil {
		return v, err
	}
	v.Site, v.Operator, v.Permissions = orNull(x.site), x.operator(), x.call.Permissions()
	if x.token.Session {
		s, err := x.showSession(x.token)
		if err != nil {
			return v, err
		}
		v.Session = &s
	}
	if x.call.Person == nil {
		return v, nil
	}
	u, err := a.People.Find(tx, x.call.Person.ID)
	if err != nil {
		return v, err
	}
	left, err := a.People.RecoveryLeft(tx, u.ID)
	v.Person = &selfView{u.ID.Text(id.User), u.Email, u.Name, u.Factor, left, showGrants(x.call.Person.Grants)}
	return v, err
}

// showGrants puts the roles of each site together.
func showGrants(grants []access.Grant) []roleOnSite {
	out := []roleOnSite{}
	for _, g := range grants {
		n := len(out)
		if n == 0 || orEmptyText(out[n-1].Site) != g.Site {
			out, n = append(out, roleOnSite{Site: orNull(g.Site)}), n+1
		}
		out[n-1].Roles = append(out[n-1].Roles, g.Role)
		out[n-1].Permissions = access.Allowed(grants, g.Site)
	}
	return out
}

func orEmptyText(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}
