using System.Net;
using IoTPlatform.Identity.Oidc;
using IoTPlatform.Testing;

namespace IoTPlatform.Identity.Tests.Oidc;

/// <summary>Distinguishes invalid settings from an outage.</summary>
public sealed class IssuerCheckTests
{
    [SkippableFact]
    public async Task WrongIssuer_IsSaidAndNotReady_UntilTheDocumentNamesIt()
    {
        var time = new FakeTime();
        await using var issuer = await OidcServer.StartAsync(time);
        var options = new OidcOptions { Issuer = issuer.Issuer + "/", CaFile = issuer.CaFile };
        await using var app = await TestApp.StartAsync(oidc: options, time: time, configure: builder => builder.Services.AddIssuerCheck(options));

        await UntilAsync(() => Said(app, $"names {issuer.Issuer}."));
        using (var health = await app.GetAsync("/health/ready", token: null))
        {
            health.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
            health.Headers.RetryAfter.ShouldBeNull();
            (await health.Content.ReadAsStringAsync()).ShouldContain("identity_misconfigured");
        }

        using (var answer = await app.GetAsync("/portal/audit", issuer.Token()))
        {
            answer.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
            answer.Headers.RetryAfter.ShouldBeNull();
            (await answer.Content.ReadAsStringAsync()).ShouldContain("identity_misconfigured");
        }

        var document = issuer.DiscoveryJson();
        document["issuer"] = options.Issuer;
        issuer.Discovery = context => Microsoft.AspNetCore.Http.HttpResponseWritingExtensions.WriteAsync(context.Response, document.ToJsonString());
        await UntilAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(30));
            return ReadyAsync(app);
        });
    }

    [SkippableFact]
    public async Task IssuerDown_IsNoValidationError()
    {
        var time = new FakeTime();
        await using var issuer = await OidcServer.StartAsync(time);
        issuer.Discovery = context =>
        {
            context.Response.StatusCode = 502;
            return Task.CompletedTask;
        };
        var options = new OidcOptions { Issuer = issuer.Issuer, CaFile = issuer.CaFile };
        await using var app = await TestApp.StartAsync(oidc: options, time: time, configure: builder => builder.Services.AddIssuerCheck(options));

        await UntilAsync(() => Said(app, "answered 502"));

        (await ReadyAsync(app)).ShouldBeTrue();
        using var answer = await app.GetAsync("/portal/audit", issuer.Token());
        answer.Headers.RetryAfter.ShouldNotBeNull();
        (await answer.Content.ReadAsStringAsync()).ShouldContain("identity_unavailable");
    }

    private static async Task<bool> ReadyAsync(TestApp app)
    {
        using var health = await app.GetAsync("/health/ready", token: null);
        return health.IsSuccessStatusCode;
    }

    private static Task<bool> Said(TestApp app, string text) => Task.FromResult(app.Log.Text.Contains(text, StringComparison.Ordinal));

    /// <summary>Polls, for what another thread does.</summary>
    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var end = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!await condition())
        {
            end.IsCancellationRequested.ShouldBeFalse("it did not happen in time");
            await Task.Delay(20, CancellationToken.None);
        }
    }
}
