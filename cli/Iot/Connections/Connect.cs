using IoTPlatform.Client;
using IoTPlatform.Pki;

namespace IoTPlatform.Iot;

/// <summary>Runs something with a client that is connected, trusted and logged in.</summary>
internal static class Connect
{
    /// <param name="run">Where, and as whom.</param>
    /// <param name="use">What for.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <param name="patience">For each call; null: the client's usual.</param>
    public static Task<T> ToProviderAsync<T>(Run run, Func<ProviderClient, RootTrust, Task<T>> use, CancellationToken cancellationToken, TimeSpan? patience = null) =>
        ToAsync(run, ServerOptions.Provider, (url, server) => ProviderClient.Create(url, server, timeout: patience), use, cancellationToken);

    public static Task<T> ToTenantAsync<T>(Run run, Func<TenantClient, RootTrust, Task<T>> use, CancellationToken cancellationToken) =>
        ToAsync(run, ServerOptions.Tenant, (url, server) => TenantClient.Create(url, server), use, cancellationToken);

    /// <summary>For what provider and tenant have in common; --tenant chooses.</summary>
    public static Task<T> ToEitherAsync<T>(Run run, Func<PlatformClient, Task<T>> use, CancellationToken cancellationToken) =>
        EitherOptions.IsTenant(run)
            ? ToTenantAsync(run, (client, _) => use(client), cancellationToken)
            : ToProviderAsync(run, (client, _) => use(client), cancellationToken);

    public static async Task<(Uri Url, RootTrust Trust)> FindAsync(Run run, ServerOptions options, CancellationToken cancellationToken)
    {
        var url = ServerAddress.Of(run, options);
        return (url, await ServerTrust.FindAsync(run, options, url, cancellationToken));
    }

    /// <summary>Which server has to answer there.</summary>
    public static async Task<ServerVerifier> ServerAsync(Run run, ServerOptions options, Uri url, RootTrust trust, CancellationToken cancellationToken)
    {
        if (options.Stack == Stack.Tenant)
        {
            return await TenantServer.FindAsync(run, url, trust, cancellationToken);
        }

        var local = LocalStack.Of(run, options);
        return trust.Provider(time: run.Time).With(() => local.RevokedIntermediates(trust));
    }

    private static async Task<T> ToAsync<TClient, T>(
        Run run, ServerOptions options, Func<Uri, ServerVerifier, TClient> create, Func<TClient, RootTrust, Task<T>> use, CancellationToken cancellationToken) where TClient : PlatformClient
    {
        if (Profile.Find(run, options) is { } profile)
        {
            var known = await profile.ServerAsync(run, cancellationToken);
            using var loggedIn = create(profile.Url, known);
            loggedIn.UseTokens(token => profile.AccessTokenAsync(run, known, token));
            return await UseAsync(loggedIn, options, () => use(loggedIn, profile.Trust));
        }

        var (url, trust) = await FindAsync(run, options, cancellationToken);
        var server = await ServerAsync(run, options, url, trust, cancellationToken);
        using var client = create(url, server);
        var tokens = await ServiceAccountLogin.FindAsync(run, url, server, cancellationToken)
            ?? await OperatorLogin.FindAsync(run, options, url, trust, server, cancellationToken)
            ?? throw NotLoggedIn(options, url);
        client.UseTokens(tokens.GetAsync);
        return await UseAsync(client, options, () => use(client, trust));
    }

    private static CliException NotLoggedIn(ServerOptions options, Uri url)
    {
        var tenant = options.Stack == Stack.Tenant ? " --tenant" : "";
        return new CliException(
            ExitCode.NotAuthorised, "not_logged_in",
            $"nobody is logged in at {url}: iot login{tenant} --url {url}; on its machine --data FOLDER of the {options.Name}; a program gives {ServiceAccountLogin.Id}");
    }

    private static async Task<T> UseAsync<T>(PlatformClient client, ServerOptions options, Func<Task<T>> use)
    {
        try
        {
            return await use();
        }
        catch (ApiException e) when (e.Status == 404 && e.Code is "not_found" or "http_404")
        {
            throw new CliException(ExitCode.NotFound, e.Code, $"{client.BaseUrl} does not have what this command asks a {options.Name} for: {e.Message.TrimEnd('.')} ({e.Code}). Check --url", e);
        }
    }
}
