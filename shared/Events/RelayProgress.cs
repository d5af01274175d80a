namespace IoTPlatform.Events;

/// <summary>What a relay found.</summary>
public enum RelayProgress
{
    /// <summary>Nothing that has a subscriber.</summary>
    Unsubscribed,

    /// <summary>All there was is published.</summary>
    CaughtUp,

    /// <summary>There is more.</summary>
    Behind,
}
