using System.Text.Json;
using IoTPlatform.Hosting;
using IoTPlatform.Jose;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Provisioners;

/// <summary>Authorises by the identity tokens that Google Compute Engine signs for an instance, in the format <c>full</c>.</summary>
internal sealed class GcpProvisioner : ITokenProvisioner, IDisposable
{
    private const string Discovery = "https://accounts.google.com/.well-known/openid-configuration";

    /// <summary>step's type number of GCP provisioners.</summary>
    private const int ExtensionType = 3;

    private readonly ProvisionerDefinition _definition;
    private readonly CloudInstances _instances;
    private readonly CloudIdentity _identity;
    private readonly JwtPolicy _policy;
    private readonly IReadOnlyList<string> _serviceAccounts;
    private readonly IReadOnlyList<string> _projects;

    /// <summary>Throws 422 for a definition that can't be used. The keys are fetched for the first token.</summary>
    public GcpProvisioner(ProvisionerDefinition definition, CertificateAuthorityOptions options, TimeProvider time)
    {
        definition.RequireKnown([.. CloudInstances.Members, "serviceAccounts", "projectIDs", "instanceAge", "configurationEndpoint", "roots"]);
        _definition = definition;
        _instances = new CloudInstances(definition);
        (_serviceAccounts, _projects) = (definition.Texts("serviceAccounts"), definition.Texts("projectIDs"));
        Claims = ProvisionerClaims.Of(definition, options);
        Policy = NamePolicy.Of(definition);
        Options = ProvisionerOptions.Of(definition);
        _policy = new JwtPolicy
        {
            AudienceMatches = new TokenAudience(options, "sign") { Fragment = "gcp/" + Name }.Matches,
            ClockSkew = CloudInstances.ClockSkew,
            RequiredClaims = ["iss", "sub", "aud", "exp", "iat"],
        };
        _identity = new CloudIdentity(definition, Discovery, isElsewhere: false, time);
    }

    public string Name => _definition.Name;

    public string Type => "GCP";

    public ProvisionerClaims Claims { get; }

    public NamePolicy? Policy { get; }

    public ProvisionerOptions Options { get; }

    public void Describe(Utf8JsonWriter json) => _definition.WriteMembers(json);

    public bool Recognizes(OneTimeToken token) => token.Claims.Audience.Any(_policy.AudienceMatches!);

    public async ValueTask<SignGrant> AuthorizeSignAsync(OneTimeToken token, DateTimeOffset now, CancellationToken cancellationToken)
    {
        // Before anything is fetched for it.
        _policy.Check(token.Claims, now);
        await _identity.RequireGenuineAsync(token, cancellationToken);
        var subject = token.Claims.Subject!;
        if (!_serviceAccounts.Contains(subject, StringComparer.Ordinal))
        {
            CloudInstances.Require(_serviceAccounts, token.Claims["email_verified"] is { ValueKind: JsonValueKind.True } ? token.Claims.GetString("email") : null, "service account");
        }

        var instance = Instance.Of(token.Claims);
        CloudInstances.Require(_projects, instance.Project, "project");
        _instances.RequireYoung(() => instance.BeganAt, now);
        return new SignGrant
        {
            Subject = $"{instance.Project}/{instance.Name}",
            Names = _instances.HasOwnNamesOnly ? new InstanceNames(instance) : new RequestedNames(),
            Rules = ConfirmedRequest.Of(token.Claims),
            Profile = Claims.Profile,
            MinLifetime = Claims.MinLifetime,
            Extension = Claims.DisableExtension ? null : new StepProvisionerExtension(ExtensionType, Name, subject),
            Token = _instances.Spend(token, instance.Id),
        };
    }

    public void Dispose() => _identity.Dispose();

    /// <summary>The claim <c>google.compute_engine</c>.</summary>
    private sealed record Instance(string Id, string Name, string Project, string Zone, JsonElement Created)
    {
        public IReadOnlyList<string> DnsNames => [$"{Name}.c.{Project}.internal", $"{Name}.{Zone}.c.{Project}.internal"];

        public DateTimeOffset BeganAt => Created.ValueKind == JsonValueKind.Number && Created.TryGetInt64(out var seconds) && seconds is > 0 and < 253402300799
            ? DateTimeOffset.FromUnixTimeSeconds(seconds)
            : throw new JoseException(JoseError.Malformed, "The token does not say when the instance began.");

        public static Instance Of(JwtClaims claims) =>
            claims["google"] is { ValueKind: JsonValueKind.Object } google && google.TryGetProperty("compute_engine", out var json) && json.ValueKind == JsonValueKind.Object
            && TextOf(json, "instance_id") is { } id && TextOf(json, "instance_name") is { } name && TextOf(json, "project_id") is { } project && TextOf(json, "zone") is { } zone
                ? new Instance(id, name, project, zone, json.TryGetProperty("instance_creation_timestamp", out var created) ? created : default)
                : throw new JoseException(JoseError.Malformed, "The token lacks the instance's id, name, project or zone: it is not of the format full.");

        private static string? TextOf(JsonElement json, string member) =>
            json.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text ? text : null;
    }

    /// <summary>The two names that Google's DNS has for the instance, of which a request may name a part.</summary>
    private sealed class InstanceNames(Instance instance) : INameRule
    {
        public SubjectNames Certify(CertificateSigningRequest request)
        {
            var names = request.Names;
            if (names.CommonName is { } common && common != instance.Name && common != instance.Id && !instance.DnsNames.Contains(common, StringComparer.OrdinalIgnoreCase))
            {
                throw Refused($"the valid common name - got {common}, want [{instance.Name} {instance.Id} {string.Join(' ', instance.DnsNames)}]");
            }

            return names.AllSans.All(name => instance.DnsNames.Contains(name, StringComparer.OrdinalIgnoreCase))
                ? SubjectNames.FromSans(names.CommonName, instance.DnsNames)
                : throw Refused($"the valid DNS names - got [{string.Join(' ', names.AllSans)}], want [{string.Join(' ', instance.DnsNames)}]");
        }

        private static ProblemException Refused(string what) => new(403, "names_not_granted", $"certificate request does not contain {what}");
    }
}
