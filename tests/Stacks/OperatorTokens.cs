using IoTPlatform.Client;
using IoTPlatform.Contracts.Identity;
using IoTPlatform.Identity.Issuer;
using IoTPlatform.Pki;

namespace IoTPlatform.Stacks;

/// <summary>Access tokens by the operator's key in a stack's data folder, as <c>iot</c> gets them on the same machine; the stack's clock may be another.</summary>
public static class OperatorTokens
{
    /// <summary>The client carries them from now on, and has the first one.</summary>
    /// <param name="client">Of the stack's API.</param>
    /// <param name="data">The stack's folder.</param>
    /// <param name="server">Who has to answer.</param>
    public static async Task<T> WithKeyOfAsync<T>(this T client, string data, ServerVerifier server) where T : PlatformClient
    {
        var tokens = new AccessTokens(() => FetchAsync(client.BaseUrl, server, data), TimeProvider.System);
        client.UseTokens(tokens.GetAsync);
        await tokens.GetAsync();
        return client;
    }

    public static async Task<IssuedTokens> FetchAsync(Uri url, ServerVerifier server, string data)
    {
        using var key = OperatorKey.Read(data) ?? throw new InvalidOperationException($"{data} has no operator's key");
        using var issuer = TokenClient.Create(url, server);
        var id = OperatorKey.ClientIdOf(key);
        var ahead = await ServerClock.DifferenceAsync(url, TimeProvider.System, CancellationToken.None) ?? TimeSpan.Zero;
        return await issuer.ByAssertionAsync(id, audience => ClientAssertion.Sign(key, id, audience, new ServersTime(ahead)));
    }

    private sealed class ServersTime(TimeSpan ahead) : TimeProvider
    {
        // A header says whole seconds, which may already be over: behind is fine, ahead is not.
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + (ahead.Duration() < TimeSpan.FromSeconds(5) ? TimeSpan.Zero : ahead - TimeSpan.FromSeconds(1));
    }
}
