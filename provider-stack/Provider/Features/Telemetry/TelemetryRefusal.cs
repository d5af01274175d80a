namespace IoTPlatform.Provider.Features.Telemetry;

/// <summary>Why a message can't be stored: the values of the header <c>reason</c> in <c>telemetry.dead</c>.</summary>
internal static class TelemetryRefusal
{
    public const string TooLong = "too_long";
    public const string Topic = "topic_without_device";
    public const string TopicText = "topic_with_control_characters";
    public const string NotJson = "not_json";
    public const string TooDeep = "too_deep";
    public const string NotText = "not_unicode_text";
    public const string NotAnObject = "not_an_object";
    public const string Timestamp = "timestamp_invalid";
    public const string Future = "timestamp_in_the_future";
    public const string TooOld = "too_old";

    /// <summary>Everything above was right, and the database still says no.</summary>
    public const string NotStorable = "not_storable";
}
