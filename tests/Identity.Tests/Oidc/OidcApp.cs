using IoTPlatform.Identity.Oidc;
using IoTPlatform.Testing;

namespace IoTPlatform.Identity.Tests.Oidc;

/// <summary>A host and the identity provider it trusts, by one clock.</summary>
internal sealed class OidcApp : IAsyncDisposable
{
    private OidcApp(OidcServer issuer, TestApp app)
    {
        Issuer = issuer;
        App = app;
    }

    public OidcServer Issuer { get; }

    public TestApp App { get; }

    public FakeTime Time => App.Time;

    public static async Task<OidcApp> StartAsync(Func<OidcOptions, OidcOptions>? change = null)
    {
        var time = new FakeTime();
        var issuer = await OidcServer.StartAsync(time);
        var options = new OidcOptions { Issuer = issuer.Issuer, CaFile = issuer.CaFile };
        return new OidcApp(issuer, await TestApp.StartAsync(oidc: change is null ? options : change(options), time: time));
    }

    /// <summary>What an admin's endpoint answers to the token.</summary>
    public Task<HttpResponseMessage> AskAsync(string? token) => App.GetAsync("/portal/audit", token);

    public async Task<int> StatusAsync(string? token)
    {
        using var response = await AskAsync(token);
        return (int)response.StatusCode;
    }

    public async ValueTask DisposeAsync()
    {
        await App.DisposeAsync();
        await Issuer.DisposeAsync();
    }
}
