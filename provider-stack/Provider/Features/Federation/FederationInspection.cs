using IoTPlatform.Hosting;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Tenants;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Federation;

/// <summary>A tenant's client at the identity provider, beside what it should be.</summary>
public sealed record FederationCheck
{
    public required string ClientId { get; init; }
    public required bool IsThere { get; init; }

    /// <summary>There is none of a suspended tenant, and of one that has not said where it takes sign-ins.</summary>
    public required bool ShouldBeThere { get; init; }

    /// <summary>Where a sign-in comes back to; null: nowhere, or there is no client.</summary>
    public string? RedirectUri { get; init; }
    public string? ExpectedRedirectUri { get; init; }

    /// <summary>Since when something was decided that the identity provider does not have; null: it has everything.</summary>
    public DateTimeOffset? DueSince { get; init; }

    public bool IsAsItShouldBe => DueSince is null && IsThere == ShouldBeThere && (!IsThere || RedirectUri == ExpectedRedirectUri);
}

/// <summary>Looks at the identity provider.</summary>
internal sealed class FederationInspection(ProviderDb db, IFederationProvisioner federation) : IGuarded
{
    public static string Policy => Policies.Viewer;

    /// <summary>Throws 404 <c>tenant_not_found</c>, 409 <c>tenant_not_joined</c>, and what the identity provider's absence is.</summary>
    public async Task<FederationCheck> CheckAsync(string tenantId, CancellationToken cancellationToken)
    {
        TenantIds.Require(tenantId);
        var (join, suspended) = await StandingJoin.RequireAsync(db, tenantId, cancellationToken);
        var due = await db.Tenants.Where(t => t.TenantId == tenantId).Select(t => t.FederationDueAt).SingleAsync(cancellationToken);
        var client = await federation.InspectAsync(tenantId, cancellationToken);
        var expected = FederationClient.RedirectUriOf(tenantId, join.KeycloakUrl, join.PortalUrl)?.AbsoluteUri;
        return new FederationCheck
        {
            ClientId = FederationClient.IdOf(tenantId),
            IsThere = client is not null,
            ShouldBeThere = !suspended && expected is not null,
            RedirectUri = client?.RedirectUri,
            ExpectedRedirectUri = expected,
            DueSince = due,
        };
    }
}
