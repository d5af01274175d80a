using System.Reflection;

namespace IoTPlatform.Portal;

/// <summary>One stack's portal: what it is called, where its pages are and what leads to them.</summary>
public sealed record PortalShell
{
    /// <summary>Below it are the pages; their addresses are the stack's own.</summary>
    public const string Root = "/portal/ui";

    public const string CaPath = Root + "/ca";
    public const string IdentityPath = Root + "/identity";

    /// <summary>For administrators.</summary>
    public const string Emergencies = Root + "/emergencies";

    /// <summary>Of a look at what an emergency would hit.</summary>
    public static string EmergencyPath(string kind, string target) => $"{Emergencies}?kind={Uri.EscapeDataString(kind)}&target={Uri.EscapeDataString(target)}";

    /// <summary>Shown on every page.</summary>
    public required string Title { get; init; }

    /// <summary>Where the pages are.</summary>
    public required Assembly Pages { get; init; }

    public required IReadOnlyList<PortalLink> Links { get; init; }

    /// <summary>Where the palette searches for what was typed: what it says, and the address that the text is appended to.</summary>
    public IReadOnlyList<(string Text, string Path)> Searches { get; init; } = [];

    /// <summary>The page of a tenant, by its id; null: this stack has no such pages.</summary>
    public Func<string, string>? TenantPath { get; init; }

    /// <summary>The page of a device, by its id; null: this stack has no such pages.</summary>
    public Func<string, string>? DevicePath { get; init; }
}

/// <summary>An entry of the navigation.</summary>
/// <param name="Path">From the host's root.</param>
/// <param name="Text">What people read.</param>
/// <param name="Icon">SVG, as MudBlazor's icons are.</param>
/// <param name="Policy">Left out for who may not see the page; the page itself asks again.</param>
public sealed record PortalLink(string Path, string Text, string Icon, string Policy = Hosting.Policies.Viewer);
