using System.Globalization;

namespace IoTPlatform.Provider.Portal;

/// <summary>A rate of messages for people.</summary>
internal static class RateWords
{
    /// <summary>"1,204 messages/s", "2.5 messages/s", "7 messages/min", "none".</summary>
    /// <param name="messages">Counted.</param>
    /// <param name="minutes">Over so many.</param>
    public static string Of(long messages, int minutes)
    {
        var perSecond = messages / (60.0 * minutes);
        return messages == 0 ? "none"
            : perSecond >= 10 ? string.Create(CultureInfo.InvariantCulture, $"{perSecond:N0} messages/s")
            : perSecond >= 1 ? string.Create(CultureInfo.InvariantCulture, $"{perSecond:0.0} messages/s")
            : string.Create(CultureInfo.InvariantCulture, $"{messages / (double)minutes:0.#} messages/min");
    }
}
