using System.Text.Json;
using System.Text.RegularExpressions;
using IoTPlatform.Jose;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Provisioners;

/// <summary>Authorises by the access tokens that Microsoft Entra gives a managed identity: a virtual machine's own, or one that was assigned to it.</summary>
internal sealed partial class AzureProvisioner : ITokenProvisioner, IDisposable
{
    private const string UsualAudience = "https://management.azure.com/";

    /// <summary>step's type number of Azure provisioners.</summary>
    private const int ExtensionType = 5;

    private readonly ProvisionerDefinition _definition;
    private readonly CloudInstances _instances;
    private readonly CloudIdentity _identity;
    private readonly JwtPolicy _policy;
    private readonly StepProvisionerExtension _extension;
    private readonly string _tenant;
    private readonly string _audience;
    private readonly IReadOnlyList<string> _groups;
    private readonly IReadOnlyList<string> _subscriptions;
    private readonly IReadOnlyList<string> _objects;

    /// <summary>Throws 422 for a definition that can't be used. The keys are fetched for the first token.</summary>
    public AzureProvisioner(ProvisionerDefinition definition, CertificateAuthorityOptions options, TimeProvider time)
    {
        // step-ca's documentation writes tenantId: Go reads members in whatever case.
        definition.RequireKnown([.. CloudInstances.Members, "tenantID", "tenantId", "resourceGroups", "subscriptionIDs", "objectIDs", "audience", "configurationEndpoint", "roots"]);
        _definition = definition;
        _instances = new CloudInstances(definition);
        _tenant = definition.Text("tenantId") is { Length: > 0 } tenant ? tenant : definition.RequiredText("tenantID");
        if (_tenant.Length > 64 || _tenant.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '.')))
        {
            throw ProvisionerDefinition.Refused("its tenantID is none.");
        }

        _audience = definition.Text("audience") is { Length: > 0 } audience ? audience : UsualAudience;
        (_groups, _subscriptions, _objects) = (definition.Texts("resourceGroups"), definition.Texts("subscriptionIDs"), definition.Texts("objectIDs"));
        Claims = ProvisionerClaims.Of(definition, options);
        Policy = NamePolicy.Of(definition);
        Options = ProvisionerOptions.Of(definition);
        _extension = new StepProvisionerExtension(ExtensionType, Name, _tenant);
        _policy = new JwtPolicy { Audiences = [_audience], ClockSkew = CloudInstances.ClockSkew, RequiredClaims = ["iss", "sub", "aud", "exp", "iat"] };
        _identity = new CloudIdentity(definition, $"https://login.microsoftonline.com/{_tenant}/.well-known/openid-configuration", isElsewhere: true, time);
    }

    public string Name => _definition.Name;

    public string Type => "Azure";

    public ProvisionerClaims Claims { get; }

    public NamePolicy? Policy { get; }

    public ProvisionerOptions Options { get; }

    public void Describe(Utf8JsonWriter json) => _definition.WriteMembers(json);

    public bool Recognizes(OneTimeToken token) =>
        IsTenants(token.Claims) && token.Claims["xms_mirid"] is not null && token.Claims.Audience.Contains(_audience, StringComparer.Ordinal);

    public async ValueTask<SignGrant> AuthorizeSignAsync(OneTimeToken token, DateTimeOffset now, CancellationToken cancellationToken)
    {
        // Before anything is fetched for it.
        _policy.Check(token.Claims, now);
        if (!IsTenants(token.Claims))
        {
            throw new JoseException(JoseError.BadIssuer, "The token is another tenant's.");
        }

        await _identity.RequireGenuineAsync(token, cancellationToken);
        var resource = token.Claims.GetString("xms_mirid") ?? "";
        if (ResourceId().Match(resource) is not { Success: true } parts)
        {
            throw new JoseException(JoseError.Malformed, "The token is of no virtual machine and no assigned identity.");
        }

        CloudInstances.Require(_groups, parts.Groups["group"].Value, "resource group", StringComparer.OrdinalIgnoreCase);
        CloudInstances.Require(_subscriptions, parts.Groups["subscription"].Value, "subscription", StringComparer.OrdinalIgnoreCase);
        CloudInstances.Require(_objects, token.Claims.GetString("oid"), "object", StringComparer.OrdinalIgnoreCase);
        var name = parts.Groups["name"].Value;
        return new SignGrant
        {
            Subject = resource,
            Names = _instances.HasOwnNamesOnly ? new TokenNames(name, [name]) : new RequestedNames(),
            Rules = ConfirmedRequest.Of(token.Claims),
            Profile = Claims.Profile,
            MinLifetime = Claims.MinLifetime,
            Extension = Claims.DisableExtension ? null : _extension,
            // Resources are the same in whatever case, and come in several.
            Token = _instances.Spend(token, resource.ToUpperInvariant()),
        };
    }

    public void Dispose() => _identity.Dispose();

    private bool IsTenants(JwtClaims claims) => claims["tid"] is { ValueKind: JsonValueKind.String } tenant && string.Equals(tenant.GetString(), _tenant, StringComparison.OrdinalIgnoreCase);

    [GeneratedRegex(
        "^/subscriptions/(?<subscription>[^/]+)/resourceGroups/(?<group>[^/]+)/providers/Microsoft\\.(Compute/virtualMachines|ManagedIdentity/userAssignedIdentities)/(?<name>[^/]+)\\z",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, Timeout.Infinite)]
    private static partial Regex ResourceId();
}
