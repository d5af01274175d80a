using System.Security.Claims;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Hosting;
using IoTPlatform.Tenant.Features.Devices;
using Microsoft.AspNetCore.Http.HttpResults;

namespace IoTPlatform.Tenant.Features.Enrollment.Tokens;

internal static class TokenEndpoints
{
    /// <summary>Enrolment tokens, for the tenant's staff.</summary>
    public static IEndpointRouteBuilder MapEnrollmentTokens(this IEndpointRouteBuilder app)
    {
        var tokens = app.MapGroup("/portal/devices/tokens");
        tokens.MapPost("/", CreateAsync).RequireAuthorization(TokenChanges.Policy);
        tokens.MapGet("/", ListAsync).RequireAuthorization(Policies.Viewer);
        tokens.MapDelete("/{id:guid}", RevokeAsync).RequireAuthorization(TokenChanges.Policy);
        return app;
    }

    private static async Task<Created<CreatedEnrollmentToken>> CreateAsync(CreateEnrollmentTokenRequest request, ClaimsPrincipal caller, TokenChanges tokens, CancellationToken cancellationToken) =>
        TypedResults.Created((string?)null, await tokens.CreateAsync(request, Caller.Name(caller), cancellationToken));

    private static Task<Page<EnrollmentTokenSummary>> ListAsync(string? cursor, int? limit, EnrollmentTokens tokens, CancellationToken cancellationToken)
    {
        Guid? after = cursor is null ? null : Guid.TryParse(cursor, out var id) ? id : throw new ProblemException(400, "invalid_cursor", "The cursor is not one of this list.");
        return tokens.ListAsync(after, Paging.Limit(limit), cancellationToken);
    }

    private static async Task<NoContent> RevokeAsync(Guid id, ClaimsPrincipal caller, TokenChanges tokens, CancellationToken cancellationToken)
    {
        await tokens.RevokeAsync(id, Caller.Name(caller), cancellationToken);
        return TypedResults.NoContent();
    }
}

/// <summary>Makes enrolment tokens, and revokes them.</summary>
internal sealed class TokenChanges(EnrollmentTokens tokens, DeviceCertificates certificates) : IGuarded
{
    public static string Policy => Policies.Operator;

    /// <summary>Throws 400 for a request that is not valid, or a device id that this tenant's Sub-CA may not certify.</summary>
    public Task<CreatedEnrollmentToken> CreateAsync(CreateEnrollmentTokenRequest request, string actor, CancellationToken cancellationToken)
    {
        var order = TokenOrder.Decode(request);
        if (order.DeviceId is { } deviceId)
        {
            certificates.CheckPermitted(deviceId);
        }

        return tokens.CreateAsync(order, actor, cancellationToken);
    }

    public Task RevokeAsync(Guid id, string actor, CancellationToken cancellationToken) => tokens.RevokeAsync(id, actor, cancellationToken);
}

/// <summary>A valid wish for an enrolment token.</summary>
internal sealed record TokenOrder(string? DeviceId, int Uses, TimeSpan Lifetime, string? Note)
{
    public const int MaxUses = 100_000;
    public static readonly TimeSpan MinLifetime = TimeSpan.FromMinutes(1);
    public static readonly TimeSpan MaxLifetime = TimeSpan.FromDays(30);

    public static TokenOrder Decode(CreateEnrollmentTokenRequest request)
    {
        if (request.DeviceId is { } id)
        {
            DevicePath.Check(id);
        }

        if (request.Uses is < 1 or > MaxUses || (request.DeviceId is not null && request.Uses != 1))
        {
            throw new ProblemException(400, "invalid_uses", $"A fleet token has 1 to {MaxUses} uses, a token for one device has 1.");
        }

        var lifetime = TimeSpan.FromSeconds(request.ExpiresInSeconds);
        if (lifetime < MinLifetime || lifetime > MaxLifetime)
        {
            throw new ProblemException(400, "invalid_expiry", $"expires_in_seconds lies between {MinLifetime.TotalSeconds} and {MaxLifetime.TotalSeconds}.");
        }

        return new TokenOrder(request.DeviceId, request.Uses, lifetime, OptionalText.Check(request.Note, "note", 256));
    }
}
