package api

import (
	"creditmsg/internal/access"
	"creditmsg/internal/db"
	"creditmsg/internal/id"
)

const aboutInvitations = "The person says yes before anything is given: who has no account signs in with the address and the password of the reply, which makes the account; " +
	"who has one signs in as always and accepts at /v1/me/invitations with that password. The reply does not tell which of both it is. An invitation waits for 14 days. " +
	"Where the installation sends mails, the person gets a link with all that he needs, too."

// InvitationView is somebody who was asked and has not said yet. It is exported for huma, which
// passes over what is embedded and not.
type InvitationView struct {
	ID        string   `json:"id" example:"ivt_01k9zqm0v8e4t9w2n7c5r3x6yb"`
	Email     string   `json:"email"`
	Name      string   `json:"name"`
	Roles     []string `json:"roles"`
	InvitedBy string   `json:"invited_by" doc:"usr_… or tok_…"`
	CreatedAt instant  `json:"created_at"`
	ExpiresAt instant  `json:"expires_at"`
}

func showInvitation(in access.Invitation) (InvitationView, error) {
	return InvitationView{in.ID.Text(id.Invitation), in.Email, in.Name, in.Roles, in.By, instant(in.CreatedAt), instant(in.ExpiresAt)}, nil
}

// invitedView is an invitation with its password, once.
type invitedView struct {
	InvitationView
	Password string `json:"password" secret:"once" doc:"Give it to the person, and to nobody else. It is not shown again."`
}

// ownInvitation is an invitation as who is asked sees it.
type ownInvitation struct {
	ID        string   `json:"id" example:"ivt_01k9zqm0v8e4t9w2n7c5r3x6yb"`
	Site      *string  `json:"site" doc:"null = on all sites."`
	Roles     []string `json:"roles"`
	CreatedAt instant  `json:"created_at"`
	ExpiresAt instant  `json:"expires_at"`
}

func showOwnInvitation(in access.Invitation) (ownInvitation, error) {
	return ownInvitation{in.ID.Text(id.Invitation), orNull(in.Site), in.Roles, instant(in.CreatedAt), instant(in.ExpiresAt)}, nil
}

type invitationNamed struct {
	ID string `path:"id" doc:"ivt_…"`
}

type invitationAccepted struct {
	ID   string `path:"id" doc:"ivt_…"`
	Body struct {
		Password string `json:"password" doc:"That came with the invitation; not one's own."`
	} `nameHint:"InvitationAnswer"`
}

type roleLeft struct {
	Body struct {
		Site *string `json:"site,omitempty" nullable:"true" doc:"null = the role that one has on all sites."`
		Role string  `json:"role" example:"viewer"`
	} `nameHint:"RoleLeft"`
}

func (a *api) inviteUser(tx *db.Tx, x *exchange, in *userInvited) (invitedView, error) {
	got, password, err := a.People.Invite(tx, x.call.Who, access.NewPerson{Email: in.Body.Email, Name: in.Body.Name, Site: x.site, Roles: in.Body.Roles})
	if err != nil {
		return invitedView{}, err
	}
	v, err := showInvitation(got)
	return invitedView{v, password}, err
}

func (a *api) listInvitations(tx *db.Tx, x *exchange, in *Paging) (out listOf[InvitationView], err error) {
	return invitationsAfter(a, tx, x, in, "invitations", showInvitation, func(after id.ID, limit int) ([]access.Invitation, error) {
		return a.People.Invitations(tx, x.site, after, limit)
	})
}

func (a *api) listOwnInvitations(tx *db.Tx, x *exchange, in *Paging) (out listOf[ownInvitation], err error) {
	return invitationsAfter(a, tx, x, in, "own invitations", showOwnInvitation, func(after id.ID, limit int) ([]access.Invitation, error) {
		return a.People.InvitationsOf(tx, x.call.Person.ID, after, limit)
	})
}

// invitationsAfter is a page of a list of invitations.
func invitationsAfter[T any](a *api, tx *db.Tx, x *exchange, in *Paging, name string, show func(access.Invitation) (T, error),
	read func(after id.ID, limit int) ([]access.Invitation, error)) (out listOf[T], err error) {
	l, err := a.list(tx, x, name, x.actor())
	if err != nil {
		return out, err
	}
	var after id.ID
	if err := l.after(in.Cursor, &after); err != nil {
		return out, err
	}
	rows, err := read(after, in.Limit+1)
	if err != nil {
		return out, err
	}
	return pageOf(l, rows, in.Limit, show, func(in access.Invitation) any { return in.ID })
}

func (a *api) withdrawInvitation(tx *db.Tx, x *exchange, in *invitationNamed) (nothing, error) {
	of, err := named(id.Invitation, "invitation", in.ID)
	if err != nil {
		return nothing{}, err
	}
	return nothing{}, a.People.Withdraw(tx, x.call.Who, x.site, of)
}
