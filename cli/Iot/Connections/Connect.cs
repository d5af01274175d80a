using IoTPlatform.Client;
using IoTPlatform.Pki;

namespace IoTPlatform.Iot;

/// <summary>Runs something with a client that is connected, trusted and logged in, and logs out again.</summary>
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
            loggedIn.UseSession(await profile.AccessTokenAsync(run, known, cancellationToken));
            return await UseAsync(loggedIn, options, () => use(loggedIn, profile.Trust));
        }

        var (url, trust) = await FindAsync(run, options, cancellationToken);
        var server = await ServerAsync(run, options, url, trust, cancellationToken);
        using var client = create(url, server);
        if (await ServiceAccountLogin.FindAsync(run, url, server, cancellationToken) is { } program)
        {
            client.UseSession(program);
        }
        else if (await OperatorLogin.FindAsync(run, options, url, trust, server, cancellationToken) is { } machine)
        {
            client.UseSession(machine);
        }
        else
        {
            return await LoggedInAsync(client, run, options, trust, () => use(client, trust), cancellationToken);
        }

        return await UseAsync(client, options, () => use(client, trust));
    }

    private static async Task<T> LoggedInAsync<T>(PlatformClient client, Run run, ServerOptions options, RootTrust trust, Func<Task<T>> use, CancellationToken cancellationToken)
    {
        var user = run.Get(ServerOptions.Username)!;
        try
        {
            await LogInAsync(client, run, user, Credentials.Find(run, options, client.BaseUrl, trust), cancellationToken);
        }
        catch (ApiException e) when (e.Status == 401)
        {
            throw new CliException(ExitCode.NotAuthorised, e.Code, $"{client.BaseUrl} refused to log {user} in: {e.Message}", e);
        }
        try
        {
            return await UseAsync(client, options, use);
        }
        finally
        {
            await LogOutAsync(client);
        }
    }

    private static async Task LogInAsync(PlatformClient client, Run run, string user, string password, CancellationToken cancellationToken)
    {
        try
        {
            await client.LoginAsync(user, password, cancellationToken);
        }
        catch (ApiException e) when (e.Code == "second_factor_required")
        {
            var code = Credentials.Ask(run, "Code of the authenticator app, or a recovery code:", "an account without a second factor, or iot login");
            await client.LoginAsync(user, password, cancellationToken, code);
        }
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

    // Best effort: the session ends by itself after 8 hours.
    private static async Task LogOutAsync(PlatformClient client)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(3));
        try
        {
            await client.LogoutAsync(patience.Token);
        }
        catch (Exception e) when (e is ApiException or UnreachableException or OperationCanceledException)
        {
        }
    }
}
