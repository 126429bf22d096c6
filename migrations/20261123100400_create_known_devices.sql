-- Devices on which somebody has signed in to an account, so that whoever keeps failing elsewhere cannot lock them out.
CREATE TABLE known_devices (
    user_id     uuid        NOT NULL,
    -- SHA-256 of the client's id of the device.
    device_hash bytea       NOT NULL,
    seen_at     timestamptz NOT NULL,
    CONSTRAINT known_devices_pkey PRIMARY KEY (user_id, device_hash),
    CONSTRAINT known_devices_user_fkey FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE
);
