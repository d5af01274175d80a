using IoTPlatform.Hosting;

namespace IoTPlatform.Mqtt;

/// <summary>The setting with the embedded broker's own addresses, for clients that do not negotiate MQTT at those of HTTPS.</summary>
public static class MqttListen
{
    public const string Setting = "IOT_MQTT_LISTEN";

    private static readonly ListenScheme Addresses = new(Setting, "mqtts", 8883);

    /// <param name="settings">Gets the errors, too.</param>
    /// <param name="otherBroker">The setting that puts another broker in its place; null: none is.</param>
    public static IReadOnlyList<ListenAddress> Read(SettingsReader settings, string? otherBroker)
    {
        if (settings[Setting] is not null && otherBroker is not null)
        {
            settings.Add($"{Setting} is for the embedded broker; leave it out with {otherBroker}");
        }

        return [.. settings.List(Setting).Select(url => ListenAddress.Read(settings, Addresses, url)).OfType<ListenAddress>()];
    }
}
