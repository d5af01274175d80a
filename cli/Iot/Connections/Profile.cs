using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Identity;
using IoTPlatform.Hosting.Processes;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;

namespace IoTPlatform.Iot;

/// <summary>A log-in that <c>iot login</c> left in the operator's configuration folder: which server, whom to trust, and tokens. A class, not a record: it carries secrets.</summary>
internal sealed partial class Profile
{
    public const string Variable = "IOT_PROFILE";
    private const string ProvidersDefault = "default";
    private const string TenantsDefault = "tenant";
    private static readonly TimeSpan TurnInterval = TimeSpan.FromMilliseconds(50);
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    public required Uri Url { get; init; }

    /// <summary>PEM.</summary>
    public required string Root { get; init; }

    /// <summary>Of the tenant that has to answer; null: the provider.</summary>
    public string? TrustDomain { get; init; }

    public required string AccessToken { get; set; }

    public required DateTimeOffset AccessUntil { get; set; }

    public required string RefreshToken { get; set; }

    /// <summary>The newest of the root's lists that this log-in has seen, DER in base64; null: none.</summary>
    public string? RootList { get; set; }

    [JsonIgnore]
    public string Name { get; private set; } = ProvidersDefault;

    [JsonIgnore]
    public RootTrust Trust => RootTrust.FromPem(Root);

    public static Profile Of(Uri url, RootTrust trust, string? trustDomain, IssuedTokens tokens, TimeProvider time) => new()
    {
        Url = url,
        Root = trust.Root.ExportCertificatePem(),
        TrustDomain = trustDomain,
        AccessToken = tokens.AccessToken,
        AccessUntil = time.GetUtcNow().AddSeconds(tokens.ExpiresIn),
        RefreshToken = tokens.RefreshToken ?? throw CliException.Failed("no_refresh_token", $"{url} gave no token to stay logged in with"),
    };

    /// <summary>Without --profile and IOT_PROFILE.</summary>
    public static string DefaultOf(ServerOptions options) => options.Stack == Stack.Tenant ? TenantsDefault : ProvidersDefault;

    /// <summary>The one that this invocation is to use. Null: it logs in by itself, because it says as whom, or there is none.</summary>
    public static Profile? Find(Run run, ServerOptions options)
    {
        var named = NameOf(run);
        if (named is null && SaysAsWhom(run))
        {
            return null;
        }

        var profile = Read(run, named ?? DefaultOf(options));
        var other = profile is null ? null : Contradiction(run, options, profile);
        return named is null ? other is null ? profile : null
            : profile is null ? throw new CliException(ExitCode.NotAuthorised, "not_logged_in", $"there is no log-in {named}: iot login --profile {named}{(options.Stack == Stack.Tenant ? " --tenant" : "")} --url URL")
            : other is null ? profile
            : throw CliException.Usage($"the log-in {named} is {other}");
    }

    // Whose it is, when not whom the command means.
    private static string? Contradiction(Run run, ServerOptions options, Profile profile)
    {
        var url = (run.Get(ServerOptions.Url) ?? run.Env(options.UrlVariable)) is { } text ? ServerAddress.Parse(text) : null;
        var domain = run.Get(ServerOptions.TrustDomain) ?? run.Env(TenantServer.Variable);
        return (options.Stack == Stack.Tenant) != (profile.TrustDomain is not null) ? $"at a {(profile.TrustDomain is null ? "provider" : "tenant")}; this command asks a {options.Name}"
            : url is not null && url != profile.Url ? $"for {profile.Url}, not for {url}"
            : options.Stack == Stack.Tenant && domain is not null && domain != profile.TrustDomain ? $"for {profile.TrustDomain}, not for {domain}"
            : null;
    }

    /// <summary>--profile, else IOT_PROFILE; null: neither.</summary>
    public static string? NameOf(Run run) => (run.Get(ServerOptions.Profile) ?? run.Env(Variable)) is not { } name ? null
        : Names().IsMatch(name) ? name
        : throw CliException.Usage($"'{name}' is no name of a log-in: 1 to 63 letters, digits, dots, dashes and underscores");

    /// <summary>Null: there is none of that name.</summary>
    public static Profile? Read(Run run, string name)
    {
        var path = PathOf(run, name);
        if (!File.Exists(path))
        {
            return null;
        }

        if ((File.GetUnixFileMode(path) & ~AtomicFile.Secret) != UnixFileMode.None)
        {
            throw CliException.Failed("open_to_others", $"{path} holds a log-in and other users may read it: chmod 600, or log in again");
        }

        try
        {
            var profile = JsonSerializer.Deserialize<Profile>(File.ReadAllBytes(path), Json.Options)!;
            profile.Name = name;
            return profile;
        }
        catch (JsonException e)
        {
            throw CliException.Failed("damaged", $"{path} is damaged ({e.Message}): iot login makes it anew");
        }
    }

    public void Write(Run run, string name)
    {
        var path = PathOf(run, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!, Owner);
        AtomicFile.Write(path, JsonSerializer.SerializeToUtf8Bytes(this, Json.Options), AtomicFile.Secret);
    }

    public void Delete(Run run) => AtomicFile.Delete(PathOf(run, Name));

    /// <summary>Which server has to answer.</summary>
    public async Task<ServerVerifier> ServerAsync(Run run, CancellationToken cancellationToken) =>
        TrustDomain is { } domain ? await TenantServer.OfAsync(run, Url, Trust, domain, KnownRootList(), cancellationToken) : Trust.Provider(time: run.Time).With(KnownRootList);

    /// <summary>One that is good for a call, fetched anew where it has to be: by one command at a time, since a refresh token counts once.</summary>
    public async Task<string> AccessTokenAsync(Run run, ServerVerifier server, CancellationToken cancellationToken)
    {
        if (IsGood(run))
        {
            return AccessToken;
        }

        using var turn = await TurnAsync(run, cancellationToken);
        if (Read(run, Name) is { } now)
        {
            if (now.Url != Url || now.Root != Root || now.TrustDomain != TrustDomain)
            {
                // Its tokens are another server's, and are not shown to this one.
                throw new CliException(ExitCode.NotAuthorised, "logged_out", $"the log-in {Name} is at {now.Url} by now, and no more at {Url}");
            }

            (AccessToken, AccessUntil, RefreshToken, RootList) = (now.AccessToken, now.AccessUntil, now.RefreshToken, now.RootList); // another command may have been faster
        }

        if (!IsGood(run))
        {
            await RefreshAsync(run, server);
        }

        return AccessToken;
    }

    private bool IsGood(Run run) => run.Time.GetUtcNow() < AccessUntil - AccessTokens.Margin;

    // Not to be interrupted: the token of before is worth nothing once the server has answered, and the new one is only here.
    private async Task RefreshAsync(Run run, ServerVerifier server)
    {
        using var tokens = TokenClient.Create(Url, server);
        try
        {
            var fresh = await tokens.RefreshAsync(RefreshToken, CancellationToken.None);
            (AccessToken, AccessUntil, RefreshToken) = (fresh.AccessToken, run.Time.GetUtcNow().AddSeconds(fresh.ExpiresIn), fresh.RefreshToken ?? RefreshToken);
        }
        catch (ApiException e) when (e.Code == "invalid_grant")
        {
            throw new CliException(ExitCode.NotAuthorised, "logged_out", $"the log-in at {Url} has ended: iot login{(TrustDomain is null ? "" : " --tenant")}{(Name is ProvidersDefault or TenantsDefault ? "" : $" --profile {Name}")} --url {Url}", e);
        }

        Write(run, Name);
        await LearnRootListAsync(server, CancellationToken.None);
        Write(run, Name);
    }

    private async Task<FileStream> TurnAsync(Run run, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (FileLock.Take(PathOf(run, Name) + ".lock") is { } turn)
            {
                return turn;
            }

            await Task.Delay(TurnInterval, run.Time, cancellationToken);
        }
    }

    /// <summary>Asks for the root's list, to know from then on which Intermediate CAs are revoked. Without an answer the one known stays.</summary>
    public async Task LearnRootListAsync(ServerVerifier server, CancellationToken cancellationToken)
    {
        using var client = ProviderClient.Create(Url, server); // a tenant serves it in the same place
        try
        {
            if (await client.FindRevokedIntermediatesAsync(Trust.Root, cancellationToken) is { } list && list.IsNewerThan(KnownRootList()))
            {
                RootList = Convert.ToBase64String(list.Der.Span);
            }
        }
        catch (Exception e) when (e is ApiException or UnreachableException)
        {
        }
    }

    private RevokedIntermediates? KnownRootList()
    {
        try
        {
            return RootList is null ? null : RevokedIntermediates.Parse(Convert.FromBase64String(RootList), Trust.Root);
        }
        catch (Exception e) when (e is FormatException or PkiException)
        {
            return null;
        }
    }

    private static bool SaysAsWhom(Run run) =>
        run.Get(ServerOptions.Data) is not null || run.Env("IOT_DATA") is not null || run.Get(ServerOptions.Root) is not null || run.Get(ServerOptions.Fingerprint) is not null || ServiceAccountLogin.IsSet(run);

    private static string PathOf(Run run, string name) => Path.Combine(
        run.Env("XDG_CONFIG_HOME") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".config"), "iot", $"{name}.json");

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._-]{0,62}\z", RegexOptions.CultureInvariant, Timeout.Infinite)]
    private static partial Regex Names();
}
