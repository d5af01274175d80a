namespace IoTPlatform.Hosting;

/// <summary>An attempt that is counted already; it stays counted unless it is given back.</summary>
/// <param name="Limits">This attempt is the one from which on the key has to wait.</param>
public readonly record struct Reservation(RateLimiter Limiter, string Key, bool Limits)
{
    /// <summary>The attempt was not one, or came to nothing for a reason that is not the caller's.</summary>
    public void GiveBack() => Limiter.GiveBack(Key);

    /// <summary>The attempt turned out well: so did those before it, however many there were.</summary>
    public void Forget() => Limiter.Forget(Key);
}
