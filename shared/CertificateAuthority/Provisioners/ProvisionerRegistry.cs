using System.Text.Json;
using IoTPlatform.CertificateAuthority.Acme;
using IoTPlatform.CertificateAuthority.Administration;
using IoTPlatform.CertificateAuthority.Issuers;
using IoTPlatform.CertificateAuthority.Storage;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Jose;
using IoTPlatform.Pki;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace IoTPlatform.CertificateAuthority.Provisioners;

/// <summary>
/// Every provisioner of this authority, as the database has them now. A broken one is disabled with its reason, and the others serve. A credential's kind
/// decides whose it is.
/// </summary>
internal sealed partial class ProvisionerRegistry : IDisposable
{
    private readonly ProvisionerStore _store;
    private readonly AuthorityPolicyStore _policies;
    private readonly IssuerRegistry _issuers;
    private readonly CertificateStore _issued;
    private readonly CertificateAuthorityOptions _options;
    private readonly byte[] _ownRootKey;
    private readonly TimeProvider _time;
    private readonly ILogger<ProvisionerRegistry> _log;
    private readonly SemaphoreSlim _once = new(1);

    private IReadOnlyList<IProvisioner> _ofHost = [];
    private volatile State _state = new([], [], [], null, null);

    /// <param name="ownRootKey">SHA-256 of the SubjectPublicKeyInfo of the root that this authority is under.</param>
    public ProvisionerRegistry(
        ProvisionerStore store, AuthorityPolicyStore policies, IssuerRegistry issuers, CertificateStore issued, byte[] ownRootKey, CertificateAuthorityOptions options, TimeProvider time, ILogger<ProvisionerRegistry> log) =>
        (_store, _policies, _issuers, _issued, _ownRootKey, _options, _time, _log) = (store, policies, issuers, issued, ownRootKey, options, time, log);

    /// <summary>Those that serve. One of the database takes the place of the host's of that name.</summary>
    public IEnumerable<IProvisioner> All => _state.Serving.Concat(OfHost);

    /// <summary>Those that are part of the host, and not in the database.</summary>
    public IEnumerable<IProvisioner> OfHost
    {
        get
        {
            var stored = _state.Stored;
            return _ofHost.Where(provisioner => stored.All(one => one.Name != provisioner.Name));
        }
    }

    /// <summary>Those of the database, also what does not serve.</summary>
    public IReadOnlyList<StoredProvisioner> Stored => _state.Stored;

    /// <summary>The issuers that provisioners name.</summary>
    public IReadOnlyList<StoredIssuer> Issuers => _issuers.Stored;

    /// <summary>The authority's own policy; null: every name.</summary>
    public AuthorityPolicyRow? PolicyRow => _state.PolicyRow;

    /// <summary>By the authority's policy and the provisioner's. Throws 403 <c>name_not_allowed</c>.</summary>
    public void RequireAllowed(IProvisioner provisioner, SubjectNames names)
    {
        _state.Policy?.Require(names);
        provisioner.Policy?.Require(names);
    }

    /// <summary>Null: none that serves has this name.</summary>
    public IProvisioner? Find(string name) => All.FirstOrDefault(provisioner => string.Equals(provisioner.Name, name, StringComparison.Ordinal));

    /// <summary>Throws <see cref="JoseException"/> for a token of none.</summary>
    public ITokenProvisioner ByToken(OneTimeToken token) =>
        All.OfType<ITokenProvisioner>().FirstOrDefault(provisioner => provisioner.Recognizes(token))
        ?? throw new JoseException(JoseError.UnknownKey, "The token's key is not a provisioner's.");

    /// <summary>Once, before any request.</summary>
    public ProvisionerRegistry With(IEnumerable<IProvisioner> ofHost)
    {
        _ofHost = [.. ofHost];
        return this;
    }

    /// <summary>Throws 422 <c>invalid_provisioner</c> for one that could not serve.</summary>
    public IProvisioner Create(ProvisionerDefinition definition) => definition.Type.ToUpperInvariant() switch
    {
        "JWK" => new JwkProvisioner(definition, _options),
        "X5C" => new X5cProvisioner(definition, _options, _issued, _ownRootKey),
        "OIDC" => new OidcProvisioner(definition, _options, _time),
        "ACME" => new AcmeProvisioner(definition, _options, _ownRootKey, _time),
        "K8SSA" => new K8sSaProvisioner(definition, _options),
        "AWS" => new AwsProvisioner(definition, _options),
        "GCP" => new GcpProvisioner(definition, _options, _time),
        "AZURE" => new AzureProvisioner(definition, _options, _time),
        _ => throw ProvisionerDefinition.Refused($"the type {definition.Type} is not supported; JWK, X5C, OIDC, ACME, K8sSA, AWS, GCP and Azure are."),
    };

    /// <summary>Before anybody is asked or told of a leaf that nobody would sign. Throws 503 <c>issuer_unavailable</c>.</summary>
    public void RequireIssuer(IProvisioner provisioner)
    {
        if (provisioner.Options.Issuer is { } name && _issuers.RefusalOf(name) is { } why)
        {
            throw new ProblemException(503, "issuer_unavailable", $"The provisioner {provisioner.Name} gives out nothing now: {why}", TimeSpan.FromMinutes(1));
        }
    }

    /// <summary>The issuers first. What has not changed stays as it is, with the keys it has fetched.</summary>
    public async Task ReloadAsync(CancellationToken cancellationToken)
    {
        await _once.WaitAsync(cancellationToken);
        try
        {
            await _issuers.ReloadAsync(cancellationToken);
            var before = _state.Loaded.ToDictionary(loaded => loaded.Name, StringComparer.Ordinal);
            var loaded = (await _store.ListAsync(cancellationToken)).Select(row => before.TryGetValue(row.Name, out var same) && same.Row == row ? same : Load(row)).ToList();
            var stored = loaded.ConvertAll(WithItsIssuer);
            var policy = await _policies.FindAsync(cancellationToken);
            _state = new State(loaded, stored, [.. stored.Select(one => one.Provisioner).OfType<IProvisioner>()], policy, policy is null ? null : policy == _state.PolicyRow ? _state.Policy : Load(policy));
        }
        finally
        {
            _once.Release();
        }
    }

    public void Dispose()
    {
        _once.Dispose();
        foreach (var provisioner in _state.Loaded.Select(one => one.Provisioner).OfType<IDisposable>())
        {
            provisioner.Dispose();
        }
    }

    private StoredProvisioner Load(ProvisionerRow row)
    {
        try
        {
            var definition = ProvisionerDefinition.Parse(row.Definition);
            DefinitionSecrets.RequireDecrypted(definition);
            return new StoredProvisioner(row, Create(definition), Disabled: null);
        }
        catch (ProblemException e)
        {
            Broken(row.Name, e.Message);
            return new StoredProvisioner(row, Provisioner: null, e.Message);
        }
    }

    /// <summary>Disabled while the issuer that it names signs nothing new: none takes its place. It goes on renewing and revoking what it gave out; what is new is refused where it would be signed.</summary>
    private StoredProvisioner WithItsIssuer(StoredProvisioner loaded)
    {
        if (loaded.Provisioner?.Options.Issuer is not { } issuer || _issuers.RefusalOf(issuer) is not { } why)
        {
            return loaded;
        }

        if (_state.Stored.FirstOrDefault(one => one.Name == loaded.Name)?.Disabled != ProvisionerDefinition.CantBeUsed + why)
        {
            Broken(loaded.Name, why);
        }

        return loaded with { Disabled = ProvisionerDefinition.CantBeUsed + why };
    }

    /// <summary>One that can't be read allows nothing.</summary>
    private NamePolicy Load(AuthorityPolicyRow row)
    {
        try
        {
            return AuthorityPolicy.Read(row.Policy);
        }
        catch (ProblemException e)
        {
            BrokenPolicy(e.Message);
            return NamePolicy.Nothing;
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "no token buys anything: {Reason}")]
    private partial void BrokenPolicy(string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "the provisioner {Name} is disabled: {Reason}")]
    private partial void Broken(string name, string reason);

    private sealed record State(IReadOnlyList<StoredProvisioner> Loaded, IReadOnlyList<StoredProvisioner> Stored, IReadOnlyList<IProvisioner> Serving, AuthorityPolicyRow? PolicyRow, NamePolicy? Policy);
}

/// <param name="Row">As the database has it.</param>
/// <param name="Provisioner">Null: it is disabled.</param>
/// <param name="Disabled">Why.</param>
internal sealed record StoredProvisioner(ProvisionerRow Row, IProvisioner? Provisioner, string? Disabled)
{
    public string Name => Row.Name;

    /// <summary>The issuer that its options name; null: none.</summary>
    public string? IssuerName => JsonElement.Parse(Row.Definition) is { ValueKind: JsonValueKind.Object } definition && definition.TryGetProperty("options", out var options)
        && options.ValueKind == JsonValueKind.Object && options.TryGetProperty("issuer", out var issuer) && issuer.ValueKind == JsonValueKind.String ? issuer.GetString() : null;
}

/// <summary>Loads provisioners again when one was added, changed or removed, by whichever process.</summary>
internal sealed class ProvisionerNotices(ProvisionerRegistry registry, NpgsqlDataSource database, ILogger<ProvisionerNotices> log) : DatabaseNotices(database, "iot_provisioners", "Provisioners", log)
{
    protected override Task CatchUpAsync(CancellationToken cancellationToken) => registry.ReloadAsync(cancellationToken);

    protected override Task NoticedAsync(string payload, CancellationToken cancellationToken) => registry.ReloadAsync(cancellationToken);
}
