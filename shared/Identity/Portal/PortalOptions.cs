namespace IoTPlatform.Identity.Portal;

/// <summary>One stack's portal.</summary>
public sealed record PortalOptions
{
    /// <summary>Part of its cookies' names: hosts on other ports of one machine share a browser's cookies. Letters, digits and dashes.</summary>
    public required string Name { get; init; }

    /// <summary>For people.</summary>
    public required string Title { get; init; }

    /// <summary>Where browsers reach this host; ends with a slash.</summary>
    public required Uri PublicUrl { get; init; }
}
