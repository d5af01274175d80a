using System.Net;
using System.Text.Json.Nodes;
using IoTPlatform.Identity;
using IoTPlatform.Identity.Oidc;
using IoTPlatform.Testing;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.Identity.Tests.Oidc;

/// <summary>The issuer's keys: fetched, cached, rolled over, out of reach.</summary>
public sealed class SigningKeyTests : IAsyncLifetime
{
    private OidcApp _app = null!;

    private OidcServer Issuer => _app.Issuer;

    public async Task InitializeAsync() => _app = await OidcApp.StartAsync();

    public async Task DisposeAsync()
    {
        if (_app is not null)
        {
            await _app.DisposeAsync();
        }
    }

    [SkippableFact]
    public async Task ManyCallers_ColdCache_FetchOnce()
    {
        var token = Issuer.Token();

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => _app.StatusAsync(token)));

        answers.ShouldAllBe(status => status == 200);
        Issuer.DiscoveryRequests.ShouldBe(1);
        Issuer.JwksRequests.ShouldBe(1);
    }

    [SkippableFact]
    public async Task KeyRolledOver_NewAndOldTokens_AreAccepted_UntilTheOldKeyIsGone()
    {
        var old = Issuer.Token();
        (await _app.StatusAsync(old)).ShouldBe(200);
        Issuer.Keys.Insert(0, OidcKey.Create("second"));
        _app.Time.Advance(SigningKeyCache.RefetchInterval);

        (await _app.StatusAsync(Issuer.Token())).ShouldBe(200);
        (await _app.StatusAsync(old)).ShouldBe(200);

        Issuer.Keys.RemoveAt(1);
        _app.Time.Advance(SigningKeyCache.RefetchInterval);
        (await _app.StatusAsync(Issuer.Token(key: OidcKey.Create("unheard-of")))).ShouldBe(401);
        (await _app.StatusAsync(old)).ShouldBe(401);
    }

    /// <summary>Its keys may even be called alike.</summary>
    [SkippableFact]
    public async Task Issuer_Moved_ItsKeysAreFetchedAtOnce_AndNothingOfTheFormerIsBelieved()
    {
        using var folder = new TempFolder();
        var (ca, moved) = (folder.Combine("ca.pem"), (string?)null);
        await using var app = await OidcApp.StartAsync(options =>
        {
            File.Copy(options.CaFile!, ca);
            return options with { CaFile = ca, Follows = () => moved };
        });
        await using var other = await OidcServer.StartAsync(app.Time);
        var old = app.Issuer.Token();
        (await app.StatusAsync(old)).ShouldBe(200);
        (await app.StatusAsync(other.Token())).ShouldBe(401);

        File.Copy(other.CaFile, ca, overwrite: true);
        moved = other.Issuer;

        (await app.StatusAsync(other.Token())).ShouldBe(200);
        (await app.StatusAsync(old)).ShouldBe(401);
        (await app.StatusAsync(other.Token(key: app.Issuer.Keys[0]))).ShouldBe(401);
        app.Issuer.JwksRequests.ShouldBe(1);
    }

    [SkippableFact]
    public async Task SameKeyIdWithAnotherKey_AfterRefresh_OldKeyIsNoLongerBelieved()
    {
        var old = Issuer.Token();
        (await _app.StatusAsync(old)).ShouldBe(200);
        Issuer.Keys[0] = OidcKey.Create("first");
        _app.Time.Advance(SigningKeyCache.RefetchInterval);
        await _app.StatusAsync(Issuer.Token(key: OidcKey.Create("unheard-of")));

        (await _app.StatusAsync(old)).ShouldBe(401);
        (await _app.StatusAsync(Issuer.Token())).ShouldBe(200);
    }

    [SkippableFact]
    public async Task UnknownKeyIds_InAFlood_CostOneFetchInTenSeconds()
    {
        (await _app.StatusAsync(Issuer.Token())).ShouldBe(200);
        _app.Time.Advance(SigningKeyCache.RefetchInterval);

        for (var i = 0; i < 30; i++)
        {
            (await _app.StatusAsync(Issuer.Token(key: Issuer.Keys[0].As($"made-up-{i}")))).ShouldBe(401);
        }

        Issuer.JwksRequests.ShouldBe(2);
        _app.Time.Advance(SigningKeyCache.RefetchInterval);
        await _app.StatusAsync(Issuer.Token(key: Issuer.Keys[0].As("made-up")));
        Issuer.JwksRequests.ShouldBe(3);
    }

    [SkippableFact]
    public async Task IssuerUnreachable_WarmCache_WorksUntilTheKeysLifetimeEnds()
    {
        (await _app.StatusAsync(Issuer.Token())).ShouldBe(200);
        await Issuer.StopListeningAsync();

        _app.Time.Advance(TimeSpan.FromHours(23));
        (await _app.StatusAsync(Issuer.Token())).ShouldBe(200);
        _app.Time.Advance(TimeSpan.FromHours(1));
        await UnavailableAsync();

        await Issuer.StartListeningAsync();
        _app.Time.Advance(SigningKeyCache.RefetchInterval);
        (await _app.StatusAsync(Issuer.Token())).ShouldBe(200);
    }

    [SkippableFact]
    public async Task OldKeys_AreFetchedAgain_WithoutAnyCallerWaiting()
    {
        (await _app.StatusAsync(Issuer.Token())).ShouldBe(200);
        _app.Time.Advance(SigningKeyCache.Fresh);
        var fetched = new TaskCompletionSource();
        var answer = new TaskCompletionSource();
        Issuer.Jwks = async context =>
        {
            fetched.SetResult();
            await answer.Task;
            await context.Response.WriteAsync(Issuer.JwksJson());
        };

        (await _app.StatusAsync(Issuer.Token())).ShouldBe(200);
        await fetched.Task.WaitAsync(TimeSpan.FromSeconds(30));
        (await _app.StatusAsync(Issuer.Token())).ShouldBe(200);
        answer.SetResult();
    }

    [SkippableFact]
    public async Task IssuerUnreachable_ColdCache_Answers503()
    {
        await Issuer.StopListeningAsync();

        await UnavailableAsync();
        await UnavailableAsync();

        await Issuer.StartListeningAsync();
        _app.Time.Advance(SigningKeyCache.RefetchInterval);
        (await _app.StatusAsync(Issuer.Token())).ShouldBe(200);
    }

    [SkippableFact]
    public async Task TokenOfThisHostsOwnIssuer_WhileTheOtherIsUnreachable_StillWorks()
    {
        await Issuer.StopListeningAsync();
        var own = _app.App.Token("ann", Roles.Admin);

        (await _app.StatusAsync(own)).ShouldBe(200);
    }

    public static TheoryData<string, string> Unusable => new()
    {
        { "html", "is not JSON" },
        { "other issuer", "but the discovery document there names" },
        { "no jwks_uri", "has no jwks_uri" },
        { "jwks elsewhere", "leads to another server" },
        { "jwks as file", "leads to another server" },
        { "jwks no url", "an address that is no URL" },
        { "redirect", "a redirect, which is not followed" },
        { "jwks redirect", "a redirect, which is not followed" },
        { "jwks huge", "could not be fetched" },
        { "discovery huge", "could not be fetched" },
        { "jwks html", "is not a JSON object" },
        { "jwks empty object", "has no \"keys\"" },
        { "error", "answered 500" },
    };

    [SkippableTheory]
    [MemberData(nameof(Unusable))]
    public async Task UnusableAnswer_ColdCache_Answers503AndLogsTheReason(string answer, string reason)
    {
        await using var elsewhere = await OidcServer.StartAsync(_app.Time);
        Break(answer, elsewhere);

        await UnavailableAsync(misconfigured: answer is "other issuer" or "jwks elsewhere" or "jwks as file");

        _app.App.Log.Text.ShouldContain(reason);
        elsewhere.DiscoveryRequests.ShouldBe(0);
        elsewhere.JwksRequests.ShouldBe(0);
    }

    [SkippableTheory]
    [MemberData(nameof(Unusable))]
    public async Task UnusableAnswer_WarmCache_ChangesNothing(string answer, string reason)
    {
        (await _app.StatusAsync(Issuer.Token())).ShouldBe(200);
        await using var elsewhere = await OidcServer.StartAsync(_app.Time);
        Break(answer, elsewhere);
        _app.Time.Advance(SigningKeyCache.RefetchInterval);

        (await _app.StatusAsync(Issuer.Token(key: Issuer.Keys[0].As("made-up")))).ShouldBe(401);

        (await _app.StatusAsync(Issuer.Token())).ShouldBe(200);
        _app.App.Log.Text.ShouldContain(reason);
    }

    private void Break(string how, OidcServer elsewhere)
    {
        void Discovery(Action<JsonObject> change) => Issuer.Discovery = context =>
        {
            var json = Issuer.DiscoveryJson();
            change(json);
            return context.Response.WriteAsync(json.ToJsonString());
        };
        RequestDelegate Redirect(string to) => context =>
        {
            context.Response.Redirect(to);
            return Task.CompletedTask;
        };
        switch (how)
        {
            case "html": Issuer.Discovery = context => context.Response.WriteAsync("<html><body>Sign in</body></html>"); break;
            case "other issuer": Discovery(json => json["issuer"] = elsewhere.Issuer); break;
            case "no jwks_uri": Discovery(json => json.Remove("jwks_uri")); break;
            case "jwks elsewhere": Discovery(json => json["jwks_uri"] = elsewhere.Issuer + "/jwks"); break;
            case "jwks as file": Discovery(json => json["jwks_uri"] = "file:///etc/passwd"); break;
            case "jwks no url": Discovery(json => json["jwks_uri"] = "jwks"); break;
            case "redirect": Issuer.Discovery = Redirect(elsewhere.Issuer + "/.well-known/openid-configuration"); break;
            case "jwks redirect": Issuer.Jwks = Redirect(elsewhere.Issuer + "/jwks"); break;
            case "jwks huge": Issuer.Jwks = context => context.Response.WriteAsync(Issuer.JwksJson() + new string(' ', 10_000_000)); break;
            case "discovery huge": Issuer.Discovery = context => context.Response.WriteAsync(Issuer.DiscoveryJson() + new string(' ', 10_000_000)); break;
            case "jwks html": Issuer.Jwks = context => context.Response.WriteAsync("<html></html>"); break;
            case "jwks empty object": Issuer.Jwks = context => context.Response.WriteAsync("{}"); break;
            case "error": Issuer.Discovery = context => { context.Response.StatusCode = 500; return Task.CompletedTask; }; break;
        }
    }

    private async Task UnavailableAsync(bool misconfigured = false)
    {
        using var response = await _app.AskAsync(Issuer.Token());
        response.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        var code = (await TestApp.ProblemOf(response)).Code;
        code.ShouldBe(misconfigured ? "identity_misconfigured" : "identity_unavailable");
        // Waiting helps against an outage, not against a wrong setting.
        response.Headers.RetryAfter?.Delta.ShouldBe(misconfigured ? null : SigningKeyCache.RefetchInterval);
        (response.Headers.RetryAfter is null).ShouldBe(misconfigured);
        response.Headers.WwwAuthenticate.ShouldBeEmpty();
    }
}
