using System.Net;
using IoTPlatform.Identity.Issuer;
using IoTPlatform.LocalServices;
using IoTPlatform.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Identity.Tests.Issuer;

/// <summary>One client can't take the issuer for itself, and a stranger can't take a client's share.</summary>
public sealed class IssuerLimitTests(IssuerFixture fixture) : IClassFixture<IssuerFixture>
{
    [SkippableFact]
    public async Task Token_WrongSecretAgainAndAgain_HasToWait_AndOtherClientsDoNot()
    {
        var answers = new List<TokenAnswer>();
        for (var attempt = 0; attempt <= IssuerLimits.FailureBurst; attempt++)
        {
            answers.Add(await fixture.PostAsync("token", IssuerFixture.Acme, "wrong", ("grant_type", "refresh_token"), ("refresh_token", "x")));
        }

        answers.SkipLast(1).ShouldAllBe(answer => answer["error"] == "invalid_client");
        answers[^1].Status.ShouldBe(429);
        (await fixture.RefreshAsync(IssuerFixture.Globex, "x")).Error.ShouldBe("400 invalid_grant");
        fixture.App.Time.Advance(TimeSpan.FromSeconds(2));
        (await fixture.RefreshAsync(IssuerFixture.Acme, "x")).Error.ShouldBe("400 invalid_grant");
    }

    [SkippableFact]
    public async Task Token_MoreThanAClientsShare_HasToWait_AndTheCodeIsStillGood()
    {
        var limits = fixture.App.Services.GetRequiredService<IssuerLimits>();
        var request = new AuthorizationRequest { ClientId = IssuerFixture.Globex };
        var code = await fixture.CodeAsync(request);
        for (var token = 0; token < IssuerLimits.TokenBurst; token++)
        {
            limits.Token(new DefaultHttpContext(), IssuerFixture.Globex);
        }

        (await fixture.RedeemAsync(request, code)).Status.ShouldBe(429);
        fixture.App.Time.Advance(TimeSpan.FromSeconds(1));
        (await fixture.RedeemAsync(request, code)).Status.ShouldBe(200);
    }

    [SkippableFact]
    public async Task Authorize_AgainAndAgainFromOneAddress_HasToWait_AndOtherClientsDoNot()
    {
        using var browser = new Browser();
        var limits = fixture.App.Services.GetRequiredService<IssuerLimits>();
        var context = new DefaultHttpContext { Connection = { RemoteIpAddress = IPAddress.Loopback } };
        for (var request = 0; request < IssuerLimits.AuthorizeBurst; request++)
        {
            limits.Authorize(context, IssuerFixture.Api);
        }

        var page = await browser.GetAsync(new AuthorizationRequest { ClientId = IssuerFixture.Api, Scope = "openid" }.Url(fixture));

        page.Status.ShouldBe(HttpStatusCode.TooManyRequests);
        page.Headers.RetryAfter.ShouldNotBeNull();
        (await browser.GetAsync(new AuthorizationRequest().Url(fixture))).Status.ShouldBe(HttpStatusCode.OK);
    }
}
