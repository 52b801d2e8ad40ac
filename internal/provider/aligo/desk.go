package aligo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/upstream"
)

// This file is what the account has besides messages: money, Kakao channels and templates.
// The vendor has no list of sender numbers.

// kakaoSaysNo is the code of whatever Kakao does not take; its words say why.
const kakaoSaysNo = "509"

// desk makes one request besides messages and reads its reply into out; nil = it is not
// looked at.
func (a *account) desk(ctx context.Context, c provider.Channel, act, path string, form url.Values, out any) error {
	reply := a.post(ctx, c, path, form)
	switch {
	case reply.Err != nil:
		return provider.Broken(act, reply.Left, reply.Err)
	case reply.Status != http.StatusOK:
		if r := strange(reply); r.Outcome == provider.Refused {
			return provider.Denied(act, r)
		}
		return fmt.Errorf("%s: HTTP status %d", act, reply.Status)
	}
	var answer head
	err := upstream.Lenient(json.Unmarshal(reply.Body, &answer))
	good, known := answer.good(c)
	switch {
	case err != nil || !known:
		return fmt.Errorf("%s: the reply cannot be read", act)
	case !good:
		code := answer.code(c)
		reason := reasonOf(code, answer.Message)
		if code == kakaoSaysNo {
			reason = provider.UnrecognisedCode
		}
		return &provider.Denial{Act: act, Reason: reason, Code: code, Text: upstream.Words(answer.Message)}
	case out == nil:
		return nil
	}
	if err := upstream.Lenient(json.Unmarshal(reply.Body, out)); err != nil {
		return fmt.Errorf("%s: the reply cannot be read", act)
	}
	return nil
}

// Holds is what the vendor tells.
func (a *account) Holds() provider.Holdings { return provider.HoldsBalance }

// Senders is denied; see above.
func (a *account) Senders(context.Context) ([]provider.ListedSender, error) {
	return nil, provider.NotOffered("list sender numbers")
}

// Balance is how many SMS the rest would pay: the vendor tells no sum.
func (a *account) Balance(ctx context.Context) (provider.Balance, error) {
	const act = "ask for the balance"
	var reply struct {
		SMS number `json:"SMS_CNT"`
	}
	if err := a.desk(ctx, provider.SMS, act, "/remain/", url.Values{}, &reply); err != nil {
		return provider.Balance{}, err
	}
	if !reply.SMS.set {
		return provider.Balance{}, errors.New(act + ": the reply names none")
	}
	left, err := money.Won.Times(reply.SMS.n)
	if err != nil {
		return provider.Balance{}, fmt.Errorf("%s: %w", act, err)
	}
	return provider.Balance{Left: left, Unit: provider.UnitSMS}, nil
}

// ChannelCategories lists the lines of business; only those of the third level can be named.
func (a *account) ChannelCategories(ctx context.Context) ([]provider.Category, error) {
	const act = "list categories"
	var reply struct {
		Data struct {
			List []provider.Category `json:"thirdBusinessType"`
		} `json:"data"`
	}
	if err := a.desk(ctx, provider.Alimtalk, act, "/akv10/category/", url.Values{}, &reply); err != nil {
		return nil, err
	}
	if reply.Data.List == nil {
		return nil, errors.New(act + ": the reply has no list")
	}
	return reply.Data.List, nil
}

// RequestToken has Kakao send a number to the channel's manager.
func (a *account) RequestToken(ctx context.Context, c provider.ChannelClaim) error {
	return a.desk(ctx, provider.Alimtalk, "ask for a token", "/akv10/profile/auth/", url.Values{"plusid": {c.Name}, "phonenumber": {string(c.Manager)}}, nil)
}

// wireChannel is a channel as the vendor shows it.
type wireChannel struct {
	Key     string `json:"senderKey"`
	Name    string `json:"uuid"`
	Status  string `json:"status"`      // A, S blocked, D deleted
	Profile string `json:"profileStat"` // A, B blocked, C deactivated, D deleted, E being deleted
}

func (w wireChannel) channel() provider.KakaoChannel {
	usable := w.Status == "A" && (w.Profile == "" || w.Profile == "A")
	return provider.KakaoChannel{ID: w.Key, Name: w.Name, SenderKey: w.Key, Usable: usable}
}

// RegisterChannel links a channel.
func (a *account) RegisterChannel(ctx context.Context, c provider.ChannelClaim) (provider.KakaoChannel, error) {
	const act = "register the channel"
	var reply struct {
		Data []wireChannel `json:"data"`
	}
	err := a.desk(ctx, provider.Alimtalk, act, "/akv10/profile/add/",
		url.Values{"plusid": {c.Name}, "phonenumber": {string(c.Manager)}, "authnum": {c.Token}, "categorycode": {c.Category}}, &reply)
	if err != nil {
		return provider.KakaoChannel{}, err
	}
	if len(reply.Data) == 0 || !upstream.PlainID(reply.Data[0].Key) {
		return provider.KakaoChannel{}, errors.New(act + ": the reply names no channel")
	}
	return reply.Data[0].channel(), nil
}

// Channels lists the linked channels.
func (a *account) Channels(ctx context.Context) ([]provider.KakaoChannel, error) {
	const act = "list channels"
	var reply struct {
		List []wireChannel `json:"list"`
	}
	if err := a.desk(ctx, provider.Alimtalk, act, "/akv10/profile/list/", url.Values{}, &reply); err != nil {
		return nil, err
	}
	if reply.List == nil {
		return nil, errors.New(act + ": the reply has no list")
	}
	all := []provider.KakaoChannel{}
	for _, c := range reply.List {
		if upstream.PlainID(c.Key) {
			all = append(all, c.channel())
		}
	}
	return all, nil
}
