using System.Security.Cryptography;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Data;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Join;

/// <summary>
/// Decides whether a JOIN key opens. Every refusal looks the same from outside and says why in the audit log. A key that opens is never
/// limited: it has 80 random bits, so that it makes nothing cheaper for those who guess; only refusals are counted.
/// </summary>
internal sealed class JoinKeyAuthenticator(ProviderDb db, JoinLimits limits, AnonymousRefusals refusals, TimeProvider time)
{
    /// <summary>An open key. Throws 401 <c>join_key_refused</c>, or 429 after too many of these.</summary>
    public async Task<JoinKeyRow> AdmitAsync(string? presented, string caller, CancellationToken cancellationToken)
    {
        var hash = JoinKey.TryHash(presented);
        var key = hash is null ? null : await db.JoinKeys.AsNoTracking().SingleOrDefaultAsync(k => k.KeyHash == hash, cancellationToken);
        if (key is null || !CryptographicOperations.FixedTimeEquals(key.KeyHash, hash))
        {
            throw await RefuseAsync("join.key_refused", "unknown", null, caller, cancellationToken);
        }

        if (key.SpentAt is not null)
        {
            throw await RefuseAsync("join.key_reused", "spent", key.TenantId, caller, cancellationToken);
        }

        if (key.RevokedAt is not null)
        {
            throw await RefuseAsync("join.key_refused", "revoked", key.TenantId, caller, cancellationToken);
        }
        // The key expires only until its first use; a JOIN that bound it in time may finish.
        if (key.JoinId is null && key.ExpiresAt <= time.GetUtcNow())
        {
            throw await RefuseAsync("join.key_refused", "expired", key.TenantId, caller, cancellationToken);
        }

        return key;
    }

    private async Task<ProblemException> RefuseAsync(string action, string reason, string? tenantId, string caller, CancellationToken cancellationToken)
    {
        limits.Refusals.Reserve(caller);
        await refusals.RecordAsync(action, reason, tenantId ?? "unknown", caller, cancellationToken);
        return Refusal();
    }

    public static ProblemException Refusal() =>
        new(StatusCodes.Status401Unauthorized, "join_key_refused", "The JOIN key is not valid. Ask the provider's administrator for a new one.");
}

/// <summary>How often an address may bring a JOIN key that does not open, and may ask to join anew.</summary>
internal sealed class JoinLimits(TimeProvider time)
{
    public RateLimiter Refusals { get; } = new(time, burst: 10, delay: TimeSpan.FromSeconds(5), longest: TimeSpan.FromMinutes(5));

    public RateLimiter Requests { get; } = new(time, burst: 5, delay: TimeSpan.FromMinutes(1));
}
