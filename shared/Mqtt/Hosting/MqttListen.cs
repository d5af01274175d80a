using IoTPlatform.Hosting;

namespace IoTPlatform.Mqtt;

/// <summary>The setting with the embedded broker's own addresses, for clients that do not negotiate MQTT at those of HTTPS.</summary>
public static class MqttListen
{
    public const string Setting = "IOT_MQTT_LISTEN";
    private const string Scheme = "mqtts://";

    /// <param name="settings">Gets the errors, too.</param>
    /// <param name="otherBroker">The setting that puts another broker in its place; null: none is.</param>
    public static IReadOnlyList<ListenAddress> Read(SettingsReader settings, string? otherBroker)
    {
        if (settings[Setting] is not null && otherBroker is not null)
        {
            settings.Add($"{Setting} is for the embedded broker; leave it out with {otherBroker}");
        }

        var addresses = new List<ListenAddress>();
        foreach (var url in settings.List(Setting))
        {
            if (!url.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            {
                settings.Invalid(Setting, url, "it is no address such as mqtts://127.0.0.1:8883, mqtts://localhost:8883 or mqtts://*:8883");
            }
            else if (!ListenAddress.TryParse("https://" + url[Scheme.Length..], out var address, out var why))
            {
                settings.Invalid(Setting, url, why);
            }
            else
            {
                addresses.Add(address);
            }
        }

        return addresses;
    }
}
