using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Hosting;
using IoTPlatform.Tenant.Features.Devices;

namespace IoTPlatform.Tenant.Features.Enrollment.Tokens;

/// <summary>A valid wish for an enrolment token.</summary>
internal sealed record TokenOrder(string? DeviceId, int Uses, TimeSpan Lifetime, string? Note)
{
    public const int MaxUses = 100_000;
    public static readonly TimeSpan MinLifetime = TimeSpan.FromMinutes(1);
    public static readonly TimeSpan MaxLifetime = TimeSpan.FromDays(30);

    public static TokenOrder Decode(CreateEnrollmentTokenRequest request)
    {
        if (request.DeviceId is { } id)
            DevicePath.Check(id);
        if (request.Uses is < 1 or > MaxUses || (request.DeviceId is not null && request.Uses != 1))
            throw new ProblemException(400, "invalid_uses", $"A fleet token has 1 to {MaxUses} uses, a token for one device has 1.");
        var lifetime = TimeSpan.FromSeconds(request.ExpiresInSeconds);
        if (lifetime < MinLifetime || lifetime > MaxLifetime)
            throw new ProblemException(400, "invalid_expiry", $"expires_in_seconds lies between {MinLifetime.TotalSeconds} and {MaxLifetime.TotalSeconds}.");
        return new TokenOrder(request.DeviceId, request.Uses, lifetime, OptionalText.Check(request.Note, "note", 256));
    }
}
