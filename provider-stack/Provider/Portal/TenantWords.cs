using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Portal.Components;
using IoTPlatform.Provider.Features.Tenants;

namespace IoTPlatform.Provider.Portal;

/// <summary>A tenant's state for people.</summary>
internal static class TenantWords
{
    public static TenantState StateOf(TenantStatus status, DateTimeOffset? suspendedAt) => status switch
    {
        TenantStatus.Removing or TenantStatus.Removed => TenantState.Removing,
        _ when suspendedAt is not null => TenantState.Suspended,
        TenantStatus.Prepared => TenantState.Prepared,
        TenantStatus.Requested => TenantState.Requested,
        TenantStatus.Joining or TenantStatus.Joined => TenantState.Joining,
        TenantStatus.Rejected => TenantState.Rejected,
        _ => TenantState.Active,
    };

    public static string Text(TenantState state) => state switch
    {
        TenantState.Prepared => "waiting for its JOIN",
        TenantState.Requested => "asks to join",
        TenantState.Joining => "joining",
        TenantState.Active => "joined",
        TenantState.Suspended => "suspended",
        TenantState.Rejected => "rejected",
        _ => "being removed",
    };

    public static StateTone Tone(TenantState state) => state switch
    {
        TenantState.Active => StateTone.Good,
        TenantState.Joining or TenantState.Removing => StateTone.Busy,
        TenantState.Requested or TenantState.Suspended => StateTone.Warning,
        TenantState.Rejected => StateTone.Bad,
        _ => StateTone.Neutral,
    };
}
